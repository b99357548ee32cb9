import type { WorkflowExecutionInfo } from '@temporalio/client';
import { SwpStage } from '../workflows/search-attributes.js';

/** Where a publish stands, or how it ended. */
export interface Standing {
  readonly stage: string;
  readonly ended: boolean;
}

/** Ends that the workflow itself brought about: its stage says which. */
const BY_ITSELF: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** Temporal's word where a run has no stage of its own: its targets are at work, or it was ended from outside and keeps the stage it had. */
export const standing = ({ status, typedSearchAttributes }: Pick<WorkflowExecutionInfo, 'status' | 'typedSearchAttributes'>): Standing => {
  const stage = typedSearchAttributes.get(SwpStage);
  const ended = status.name !== 'RUNNING';
  if (!ended) return { stage: stage ?? 'at work', ended };
  return { stage: BY_ITSELF.has(status.name) && stage !== undefined ? stage : status.name.toLowerCase(), ended };
};
