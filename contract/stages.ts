/** Where a publish stands, in the order of a publish; then how it ends, and that it is paused. */
export const STAGES = [
  'planning',
  'awaiting-approval',
  'building',
  'awaiting-release',
  'uploading',
  'committing',
  'verifying',
  'filing',
  'published',
  'filed',
  'unchanged',
  'rejected',
  'expired',
  'abandoned',
  'failed',
  'needs-attention',
] as const;
/** The one value that people watch, in the search attribute `SwpStage`. */
export type Stage = (typeof STAGES)[number];

const ENDS: ReadonlySet<string> = new Set<Stage>(['published', 'filed', 'unchanged', 'rejected', 'expired', 'abandoned', 'failed']);

export const isEnd = (stage: Stage): boolean => ENDS.has(stage);

/** The stage that comes first in a publish; null of none. */
export const leastAdvanced = (stages: readonly Stage[]): Stage | null => STAGES.find((stage) => stages.includes(stage)) ?? null;

/**
 * Where a workflow stands, or how it ended, in one word. One that somebody terminated keeps the stage that it had, and has
 * Temporal's word instead.
 *
 * @param status Temporal's, `RUNNING` or how it closed
 */
export const standsAt = ({ status, stage }: { readonly status: string; readonly stage: string | null }): string => {
  if (status === 'RUNNING') return stage ?? 'running';
  return stage !== null && ENDS.has(stage) ? stage : status.toLowerCase();
};
