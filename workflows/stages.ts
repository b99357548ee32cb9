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
