import {
  CancellationScope,
  getExternalWorkflowHandle,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { targetDetails, type TargetParts } from './details.js';
import { targetProgressSignal, type TargetProgress } from '../contract/messages.js';
import { SwpStage } from '../contract/search-attributes.js';
import { isEnd, type Stage } from '../contract/stages.js';

/** Best effort: a publish that has closed is not there to be told. */
const tellPublish = (progress: TargetProgress): void => {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  const publish = getExternalWorkflowHandle(parent.workflowId, parent.runId);
  CancellationScope.nonCancellable(() => publish.signal(targetProgressSignal, progress)).catch(() => undefined);
};

/** What people see of a target: its stage and its details, and what its publish is told of both. */
export class TargetDisplay {
  /** The step of the publish, whether or not it is paused there. */
  private step: Stage = 'building';
  /** What the search attribute says; a target starts with this one. */
  private shown: Stage = 'building';

  constructor(
    private readonly plan: Pick<ArtifactPlan, 'kind' | 'target'>,
    private readonly read: () => TargetParts,
  ) {}

  get stage(): Stage {
    return this.step;
  }

  enter(stage: Stage, note: string | null = null): void {
    this.step = stage;
    this.refresh(note);
  }

  refresh(note: string | null = null): void {
    const parts = this.read();
    const { problem } = parts;
    const stage = problem === null ? this.step : 'needs-attention';
    if (stage !== this.shown) {
      this.shown = stage;
      upsertSearchAttributes([{ key: SwpStage, value: stage }]);
      if (!isEnd(stage)) tellPublish({ kind: this.plan.kind, stage, problem });
    }
    setCurrentDetails(targetDetails(stage, this.plan.target.repo, { ...parts, note: parts.note ?? note }));
  }
}
