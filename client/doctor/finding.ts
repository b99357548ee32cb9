import type { Context } from '../context.js';

/** The result of one check of `swp doctor`, and its fix. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly message: string;
  readonly fix?: string;
}

/** Joins several sentences into the one message of a finding. */
export const joinSentences = (sentences: readonly string[]): string => sentences.map((sentence) => sentence.replace(/\.$/, '')).join('; ');

export type DoctorCheck = (context: Context) => Promise<Finding>;
