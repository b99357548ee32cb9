import type { Context } from '../context.js';

/** What was found of one thing that a publish needs, and what would mend it. */
export interface Finding {
  readonly what: string;
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly message: string;
  readonly fix?: string;
}

export type Look = (context: Context) => Promise<Finding>;
