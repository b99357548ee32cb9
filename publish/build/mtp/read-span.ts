import { collectBytes } from '../../../core/collect-bytes.js';
import { SwpError } from '../../../core/error.js';
import type { FetchSpan } from '../../../formats/mtp/fetch-plan.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import type { FetchRange } from '../../../formats/ranges.js';
import type { RangeReader } from '../../../hub/read/range.js';
import { viewsOf } from './convert.js';
import type { BufferPool } from './buffer-pool.js';

export interface SpanParts {
  readonly readerOf: (file: string) => RangeReader;
  readonly buffers: BufferPool;
  /** Receives a slab's buffer with its weight and scales, and must recycle the buffer. */
  readonly take: (slab: OutputSlab, buffer: ArrayBuffer, requests: readonly string[]) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Reads a whole range into memory. The caller bounds its size. */
const readWhole = async (reader: RangeReader, range: FetchRange, signal: AbortSignal, onRequest: (id: string) => void): Promise<Buffer> => {
  const bytes = await collectBytes(reader.read(range.begin, range.end, signal, onRequest));
  if (bytes.byteLength !== range.end - range.begin) throw shortRange(range, range.begin + bytes.byteLength);
  return bytes;
};

const shortRange = (range: FetchRange, position: number): SwpError =>
  new SwpError('unavailable', 'build/short-range', `${range.file}: the source ended at byte ${position} instead of ${range.end}.`);

const sliceOf = (scales: readonly { readonly range: FetchRange; readonly bytes: Buffer }[], wanted: FetchRange): Buffer => {
  const held = scales.find(({ range }) => range.file === wanted.file && range.begin <= wanted.begin && wanted.end <= range.end);
  if (held === undefined)
    throw new SwpError('internal', 'build/no-scale', `${wanted.file}: no scales were read from byte ${wanted.begin}.`);
  return held.bytes.subarray(wanted.begin - held.range.begin, wanted.end - held.range.begin);
};

/**
 * Reads the scales of a span, then streams its weights and passes on each slab as soon as it is complete. Before it
 * stores the first byte of a slab, it waits for a buffer with space for the slab and its output.
 */
export const readSpan = async (span: FetchSpan, { readerOf, buffers, take, signal }: SpanParts): Promise<void> => {
  const taken: Promise<void>[] = [];
  const requests: string[] = [];
  const onRequest = (id: string): void => void requests.push(id);
  try {
    const scales: { range: FetchRange; bytes: Buffer }[] = [];
    for (const range of span.scales) {
      scales.push({ range, bytes: await readWhole(readerOf(range.file), range, signal, onRequest) });
    }
    let position = span.begin;
    let next = 0;
    let filling: ArrayBuffer | null = null;
    for await (const chunk of readerOf(span.file).read(span.begin, span.end, signal, onRequest)) {
      const end = position + chunk.byteLength;
      while (next < span.slabs.length) {
        const slab = span.slabs[next];
        if (slab === undefined || slab.weight.begin >= end) break;
        filling ??= await buffers.take();
        const places = viewsOf(filling, slab.size, slab.decode);
        const from = Math.max(slab.weight.begin, position);
        const until = Math.min(slab.weight.end, end);
        places.weight.set(chunk.subarray(from - position, until - position), from - slab.weight.begin);
        if (until < slab.weight.end) break;
        if (slab.scale !== null) places.scale.set(sliceOf(scales, slab.scale));
        const done = take(slab, filling, [...requests]);
        // The promise is awaited below. Until then, its rejection must not count as unhandled.
        done.catch(() => undefined);
        taken.push(done);
        filling = null;
        next += 1;
      }
      position = end;
    }
    if (position !== span.end) throw shortRange(span, position);
  } finally {
    await Promise.allSettled(taken);
  }
  await Promise.all(taken);
};
