import { z } from 'zod';

const scripted = {
  status: z.int().min(200).max(599),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
};
const offset = z.int().nonnegative();
const bytesPerSecond = z.int().positive();

/** A fault of one exchange that can be serialized. An offset beyond the end of a body selects its last byte. */
export const PlainFault = z.discriminatedUnion('kind', [
  /** Responds with this, and does not handle the request. */
  z.strictObject({ kind: z.literal('status'), ...scripted }),
  /** Handles the request, then responds with this. */
  z.strictObject({ kind: z.literal('apply-then-status'), ...scripted }),
  /** Cuts the connection when `afterBytes` bytes of the body have arrived, and does not handle the request. */
  z.strictObject({ kind: z.literal('reset'), afterBytes: offset.optional() }),
  /** Handles the request, then cuts the connection without a response. */
  z.strictObject({ kind: z.literal('apply-then-reset') }),
  /** Handles the request, then cuts the connection after `afterBytes` bytes of the response body. */
  z.strictObject({ kind: z.literal('reset-answer'), afterBytes: offset }),
  z.strictObject({ kind: z.literal('slow-request'), bytesPerSecond }),
  z.strictObject({ kind: z.literal('slow-answer'), bytesPerSecond }),
  /** The hub receives the byte at this offset with one bit flipped. */
  z.strictObject({ kind: z.literal('corrupt-request'), at: offset }),
  /** The client receives the byte at this offset with one bit flipped. */
  z.strictObject({ kind: z.literal('corrupt-answer'), at: offset }),
  /** The response has an ETag of other content. */
  z.strictObject({ kind: z.literal('wrong-etag') }),
  /** The response to a commit names a commit that does not exist. */
  z.strictObject({ kind: z.literal('wrong-oid') }),
  /** The Content-Range of the response is off by one; its bytes are the requested ones. */
  z.strictObject({ kind: z.literal('wrong-range') }),
  /** Before the request is handled, the repository loses this object, or all objects that no commit names: garbage collection. */
  z.strictObject({
    kind: z.literal('lose-objects'),
    oid: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  /** Before the request is handled, another user commits this file to the repository. */
  z.strictObject({ kind: z.literal('foreign-commit'), path: z.string().default('stranger.txt') }),
]);
export type PlainFault = z.output<typeof PlainFault>;

/** The plain faults, and holds, which wait until their gate is released by name. */
export const FaultSpec = z.discriminatedUnion('kind', [
  ...PlainFault.options,
  z.strictObject({ kind: z.literal('hold'), gate: z.string() }),
  z.strictObject({ kind: z.literal('hold-after'), gate: z.string() }),
]);
export type FaultSpec = z.output<typeof FaultSpec>;
