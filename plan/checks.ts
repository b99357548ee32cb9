import { z } from 'zod';

/** `blocked` forbids the approval of the artifact; a reviewer has to judge `warn`. */
export const Verdict = z.enum(['ok', 'warn', 'blocked']);
export type Verdict = z.infer<typeof Verdict>;

export const Check = z.strictObject({
  /** Stable name, for programs and tests: `source-license`. */
  code: z.string(),
  verdict: Verdict,
  message: z.string(),
  /** The way to fix it, if there is one. */
  fix: z.string().optional(),
});
export type Check = z.infer<typeof Check>;

export const ok = (code: string, message: string): Check => ({ code, verdict: 'ok', message });
export const warn = (code: string, message: string, fix?: string): Check => ({
  code,
  verdict: 'warn',
  message,
  ...(fix === undefined ? {} : { fix }),
});
export const blocked = (code: string, message: string, fix?: string): Check => ({
  code,
  verdict: 'blocked',
  message,
  ...(fix === undefined ? {} : { fix }),
});

export const highestSeverity = (checks: readonly Check[]): Verdict => {
  if (checks.some((check) => check.verdict === 'blocked')) return 'blocked';
  return checks.some((check) => check.verdict === 'warn') ? 'warn' : 'ok';
};
