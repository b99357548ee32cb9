import type { Readable } from 'node:stream';
import { SwpError } from '../core/error.js';
import type { Clock } from '../core/machine.js';
import { stallError, WHOLE_BODY_MS } from './stall.js';

/** Reads a body to its end without looking at it, so that its connection can serve another request. */
export const drain = (body: Readable): void => {
  // A body that nobody waits for may still be cut.
  body.on('error', () => undefined).resume();
};

/** Reads the beginning of a body for an error message, and drops the rest with its connection. */
export const readStart = async (body: Readable, max: number): Promise<{ readonly body: string; readonly end: 'whole' | 'cut' }> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // Leaving the loop destroys the body.
    if (size > max) break;
  }
  return { body: Buffer.concat(chunks).subarray(0, max).toString('utf8'), end: size > max ? 'cut' : 'whole' };
};

/** Reads a whole body of at most `max` bytes. */
export const readBody = async (clock: Clock, body: Readable, max: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = clock.after(WHOLE_BODY_MS, () =>
    body.destroy(stallError("The Hub's answer", `it did not end within ${WHOLE_BODY_MS / 1000} s`)),
  );
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      // Leaving the loop destroys the body.
      if (size > max) throw new SwpError('integrity', 'hub/answer-too-large', `The Hub's answer has more than ${max} bytes.`);
      chunks.push(chunk);
    }
  } finally {
    stop();
  }
  return Buffer.concat(chunks);
};
