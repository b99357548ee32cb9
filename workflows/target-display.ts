import { CancellationScope, getExternalWorkflowHandle, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { targetDetails, type TargetParts } from './details.js';
import type { TargetProgress } from '../contract/messages.js';
import { targetProgressSignal } from './messages.js';
import type { TargetMemo } from '../contract/memo.js';
import { isEnd, type Stage } from '../contract/stages.js';
import { PublishedState } from './published-state.js';

/** Reports progress to the publish, best effort: the publish may have closed. */
const reportToPublish = (progress: TargetProgress): void => {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  const publish = getExternalWorkflowHandle(parent.workflowId, parent.runId);
  CancellationScope.nonCancellable(() => publish.signal(targetProgressSignal, progress)).catch(() => undefined);
};

/** Shows the stage and the details of a target, and reports its progress to its publish. */
export class TargetDisplay {
  /** The current step, even while it is paused. */
  private step: Stage = 'building';
  private readonly state = new PublishedState<TargetMemo>('building');

  constructor(
    private readonly plan: Pick<ArtifactPlan, 'kind' | 'target'>,
    private readonly readParts: () => TargetParts & Omit<TargetMemo, 'since'>,
  ) {}

  get stage(): Stage {
    return this.step;
  }

  enter(stage: Stage, note: string | null = null): void {
    this.step = stage;
    this.refresh(note);
  }

  refresh(note: string | null = null): void {
    const parts = this.readParts();
    const { problem } = parts;
    const stage = problem === null ? this.step : 'needs-attention';
    const isNewStage = this.state.write(stage, { sealed: parts.sealed, decisions: parts.decisions });
    if (isNewStage && !isEnd(stage)) reportToPublish({ kind: this.plan.kind, stage, problem });
    setCurrentDetails(targetDetails(stage, this.plan.target.repo, { ...parts, note: parts.note ?? note }));
  }
}
