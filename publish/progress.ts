import type { Progress } from '../contract/progress.js';

/** One progress report of a step. */
export type ProgressUpdate = Omit<Progress, 'step' | 'host' | 'rate' | 'failing'> & {
  /**
   * Shown until that time (milliseconds since the epoch), even if other progress arrives: only the next failure, or
   * none by then, shows whether the call still fails.
   */
  readonly failing?: NonNullable<Progress['failing']> & { readonly until: number };
  /** The state from which an attempt after a crash may resume. */
  readonly resume?: unknown;
};

export type ReportProgress = (update: ProgressUpdate) => void;
