import { z } from 'zod';

const scripted = {
  status: z.int().min(200).max(599),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
};
const offset = z.int().nonnegative();
const bytesPerSecond = z.int().positive();

/** What goes wrong with one exchange, as far as it can be written down. A place behind the end of a body is its last byte. */
export const PlainFault = z.discriminatedUnion('kind', [
  /** Answered with this and not handled. */
  z.strictObject({ kind: z.literal('status'), ...scripted }),
  /** Handled, then answered with this. */
  z.strictObject({ kind: z.literal('apply-then-status'), ...scripted }),
  /** The connection is cut and nothing handled, when so many bytes of the body have arrived. */
  z.strictObject({ kind: z.literal('reset'), afterBytes: offset.optional() }),
  /** Handled, then cut without an answer. */
  z.strictObject({ kind: z.literal('apply-then-reset') }),
  /** Handled, then cut after so many bytes of the answer's body. */
  z.strictObject({ kind: z.literal('reset-answer'), afterBytes: offset }),
  z.strictObject({ kind: z.literal('slow-request'), bytesPerSecond }),
  z.strictObject({ kind: z.literal('slow-answer'), bytesPerSecond }),
  /** The hub gets a byte there that differs in one bit from the one that was sent. */
  z.strictObject({ kind: z.literal('corrupt-request'), at: offset }),
  /** The client gets a byte there that differs in one bit from the one that the hub has. */
  z.strictObject({ kind: z.literal('corrupt-answer'), at: offset }),
  /** The answer's ETag is of something else. */
  z.strictObject({ kind: z.literal('wrong-etag') }),
  /** The answer to a commit names a commit that does not exist. */
  z.strictObject({ kind: z.literal('wrong-oid') }),
  /** The answer's Content-Range is off by one; the bytes are those that were asked for. */
  z.strictObject({ kind: z.literal('wrong-range') }),
  /** Before it is handled, the repository loses this object, or all that no commit names: garbage collection. */
  z.strictObject({
    kind: z.literal('lose-objects'),
    oid: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  /** Before it is handled, a stranger commits this file to the repository. */
  z.strictObject({ kind: z.literal('foreign-commit'), path: z.string().default('stranger.txt') }),
]);
export type PlainFault = z.output<typeof PlainFault>;

/** The same, and holds, which wait for a gate to be released by name. */
export const FaultSpec = z.discriminatedUnion('kind', [
  ...PlainFault.options,
  z.strictObject({ kind: z.literal('hold'), gate: z.string() }),
  z.strictObject({ kind: z.literal('hold-after'), gate: z.string() }),
]);
export type FaultSpec = z.output<typeof FaultSpec>;
