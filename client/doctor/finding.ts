import type { Context } from '../context.js';

/** What was found of one thing that a publish needs, and what would fix it. */
export interface Finding {
  readonly what: string;
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly message: string;
  readonly fix?: string;
}

/** Several sentences as the one message of a finding. */
export const inOne = (sentences: readonly string[]): string => sentences.map((sentence) => sentence.replace(/\.$/, '')).join('; ');

export type Look = (context: Context) => Promise<Finding>;
