import { setHandler } from '@temporalio/workflow';
import type { ArtifactKind } from '../core/ids.js';
import type { Problem } from '../plan/problem.js';
import { TargetProgress } from '../contract/messages.js';
import { targetProgressSignal } from './messages.js';
import { leastAdvanced, type Stage } from '../contract/stages.js';

/** The running targets of a publish, as their workflows report them. */
export class RunningTargets {
  private readonly targets = new Map<ArtifactKind, TargetProgress>();

  constructor(onChange: () => void) {
    setHandler(
      targetProgressSignal,
      (message) => {
        const parsed = TargetProgress.safeParse(message);
        // Ignore a target that has ended meanwhile: its result holds everything.
        if (!parsed.success || !this.targets.has(parsed.data.kind)) return;
        this.targets.set(parsed.data.kind, parsed.data);
        onChange();
      },
      { description: 'Sent by the workflows of targets. People do not send it.' },
    );
  }

  get all(): readonly TargetProgress[] {
    return [...this.targets.values()];
  }

  get isEmpty(): boolean {
    return this.targets.size === 0;
  }

  /** The stage of the least advanced target; `needs-attention` while one is paused; null if none runs. */
  get stage(): Stage | null {
    const stages = this.all.map(({ stage }) => stage);
    return stages.includes('needs-attention') ? 'needs-attention' : leastAdvanced(stages);
  }

  get paused(): readonly { readonly kind: ArtifactKind; readonly problem: Problem }[] {
    return this.all.flatMap(({ kind, problem }) => (problem === null ? [] : [{ kind, problem }]));
  }

  begin(kind: ArtifactKind): void {
    this.targets.set(kind, { kind, stage: 'building', problem: null });
  }

  end(kind: ArtifactKind): void {
    this.targets.delete(kind);
  }
}
