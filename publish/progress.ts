import type { Progress } from '../contract/progress.js';

/** One report of a step to the people who watch it. */
export type ProgressUpdate = Omit<Progress, 'step' | 'host' | 'rate' | 'failing'> & {
  /** Shown until that time, whatever else moves: only the next failure or its absence tells whether the call still fails. */
  readonly failing?: NonNullable<Progress['failing']> & { readonly until: number };
  /** Where an attempt after a crash may continue. */
  readonly resume?: unknown;
};

export type ReportProgress = (update: ProgressUpdate) => void;
