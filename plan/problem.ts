import { z } from 'zod';
import { ERROR_KINDS, type ErrorKind } from '../core/error.js';

/** The reason why a publish is paused, and a hint for a person. */
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

/** Returns the error kind of a blocking check of a volatile fact. It decides the exit code that programs get. */
export const kindOfCheck = (code: string | undefined): ErrorKind => KINDS.get(code) ?? 'invalid';
