import { z } from 'zod';
import { ERROR_KINDS, type ErrorKind } from '../core/error.js';

/** Why a publish is paused, and what a person can do. */
export const Problem = z.strictObject({
  step: z.string(),
  code: z.string(),
  kind: z.enum(ERROR_KINDS).default('internal'),
  reason: z.string(),
  hint: z.string().nullable(),
});
export type Problem = z.infer<typeof Problem>;

const KINDS: ReadonlyMap<string | undefined, ErrorKind> = new Map([
  ['write-access', 'access'],
  ['read-access', 'access'],
  ['disk', 'quota'],
  ['memory', 'quota'],
  ['high-memory-host', 'unavailable'],
]);

/** The kind of error that a check of a volatile fact is where it blocks: programs get an exit code by it. */
export const kindOfCheck = (code: string | undefined): ErrorKind => KINDS.get(code) ?? 'invalid';
