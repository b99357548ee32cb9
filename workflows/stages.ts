/** Where a publish stands: the one value that people watch, in the search attribute `SwpStage`. */
export type Stage =
  | 'planning'
  | 'awaiting-approval'
  | 'building'
  | 'awaiting-release'
  | 'uploading'
  | 'committing'
  | 'verifying'
  | 'filing'
  | 'published'
  | 'filed'
  | 'unchanged'
  | 'rejected'
  | 'expired'
  | 'abandoned'
  | 'failed'
  | 'needs-attention';

const ENDS: ReadonlySet<string> = new Set<Stage>(['published', 'filed', 'unchanged', 'rejected', 'expired', 'abandoned', 'failed']);

/**
 * Where a workflow stands, or how it ended, in one word. One whose targets are at work has no stage of its own; one that
 * somebody terminated keeps the stage that it had, and has Temporal's word instead.
 *
 * @param status Temporal's, `RUNNING` or how it closed
 */
export const standsAt = ({ status, stage }: { readonly status: string; readonly stage: string | null }): string => {
  if (status === 'RUNNING') return stage ?? 'at work';
  return stage !== null && ENDS.has(stage) ? stage : status.toLowerCase();
};
