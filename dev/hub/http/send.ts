import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './reply.js';
import type { RateLimiter } from '../../../core/rate-limiter.js';
import type { OpenRecord } from './request-log.js';

interface SendOptions {
  readonly withBody: boolean;
  /** Receives the status and the number of bytes that were sent. */
  readonly record?: OpenRecord;
  readonly pace?: RateLimiter | undefined;
  /** Returns the transform for a body of `length` bytes. */
  readonly alter?: (length: number) => (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

/** Sends a reply and records in `record` what was sent. Rejects if the client disconnects. */
export const sendReply = async (response: ServerResponse, reply: Reply, { withBody, record, pace, alter }: SendOptions): Promise<void> => {
  const { body } = reply;
  if (record !== undefined) record.status = reply.status;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.end - body.start;
  response.writeHead(reply.status, { 'Content-Length': length, ...reply.headers });
  if (!withBody || length === 0) {
    response.end();
    return;
  }
  const source =
    typeof body === 'string'
      ? Readable.from([Buffer.from(body)])
      : createReadStream(body.file, { start: body.start, end: body.end - 1, highWaterMark: 1 << 18 });
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (record !== undefined) record.sent += chunk.byteLength;
      await pace?.take(chunk.byteLength);
      yield chunk;
    }
  };
  const altered = alter?.(length) ?? ((chunks: AsyncIterable<Uint8Array>) => chunks);
  await pipeline(source, altered, counted, response);
};
