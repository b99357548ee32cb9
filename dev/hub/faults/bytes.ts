import type { Clock } from '../../../core/machine.js';
import { RateLimiter } from '../../../core/rate-limiter.js';

type Bytes = AsyncIterable<Uint8Array>;

/** Slices of a slow body. */
const SLICES_PER_SECOND = 10;

/** Flips one bit of the byte at this offset: the corruption that is hardest to notice. */
export async function* flipBit(chunks: Bytes, at: number): AsyncGenerator<Uint8Array> {
  let from = 0;
  for await (const chunk of chunks) {
    const inside = at - from;
    from += chunk.byteLength;
    if (inside < 0 || inside >= chunk.byteLength) {
      yield chunk;
      continue;
    }
    const flipped = Buffer.from(chunk);
    flipped.writeUInt8(flipped.readUInt8(inside) ^ 1, inside);
    yield flipped;
  }
}

/** Passes bytes on at this rate; an abort of `signal` ends the wait. */
export async function* drip(clock: Clock, chunks: Bytes, bytesPerSecond: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const pace = new RateLimiter(bytesPerSecond, clock);
  const step = Math.max(1, Math.floor(bytesPerSecond / SLICES_PER_SECOND));
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.byteLength; from += step) {
      const slice = chunk.subarray(from, from + step);
      await pace.take(slice.byteLength, signal);
      yield slice;
    }
  }
}

/** Passes exactly `bytes` bytes on and then throws. */
export async function* cutAfter(chunks: Bytes, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (chunk.byteLength <= left) {
      left -= chunk.byteLength;
      yield chunk;
      continue;
    }
    if (left > 0) yield chunk.subarray(0, left);
    throw new Error('cut by a scripted fault');
  }
}

/** Reads at least `bytes` bytes, or all if there are fewer. */
export const readUpTo = async (chunks: Bytes, bytes: number): Promise<void> => {
  let left = bytes;
  if (left === 0) return;
  for await (const chunk of chunks) {
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
};
