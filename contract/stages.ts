/** The stages of a publish in their order, then its final stages, then `needs-attention` for a paused publish. */
export const STAGES = [
  'planning',
  'awaiting-approval',
  'building',
  'awaiting-release',
  'uploading',
  'committing',
  'verifying',
  'collecting',
  'published',
  'collected',
  'unchanged',
  'rejected',
  'expired',
  'abandoned',
  'failed',
  'needs-attention',
] as const;
/** The value of the search attribute `SwpStage`, which people watch. */
export type Stage = (typeof STAGES)[number];

const ENDS: ReadonlySet<string> = new Set<Stage>(['published', 'collected', 'unchanged', 'rejected', 'expired', 'abandoned', 'failed']);

export const isEnd = (stage: Stage): boolean => ENDS.has(stage);

/** Returns the stage that comes first in a publish; null for an empty list. */
export const leastAdvanced = (stages: readonly Stage[]): Stage | null => STAGES.find((stage) => stages.includes(stage)) ?? null;

/** Returns true for the status of a workflow that has not closed. People can pause one in Temporal itself. */
export const isOpenStatus = (status: string): boolean => status === 'RUNNING' || status === 'PAUSED';

/**
 * Returns the current or final state of a workflow in one word. A terminated workflow keeps its last stage in the search
 * attribute, so Temporal's status is returned for it.
 *
 * @param status Temporal's status: `RUNNING`, `PAUSED`, or how the workflow closed
 */
export const executionStage = ({ status, stage }: { readonly status: string; readonly stage: string | null }): string => {
  if (isOpenStatus(status)) return stage ?? 'running';
  return stage !== null && ENDS.has(stage) ? stage : status.toLowerCase();
};
