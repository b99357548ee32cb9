import { buffer } from 'node:stream/consumers';
import type { Semaphore } from 'async-mutex';
import { SwpError } from '../../core/error.js';
import type { FetchSpan } from '../../formats/mtp/fetch-plan.js';
import type { OutputSlab } from '../../formats/mtp/slabs.js';
import { sizeOf, type FetchRange } from '../../formats/ranges.js';
import type { RangeReader } from '../../hub/read/range.js';

export interface ReadSlab {
  readonly slab: OutputSlab;
  readonly weight: Uint8Array<ArrayBuffer>;
  readonly scale: Uint8Array<ArrayBuffer> | null;
}

export interface SpanParts {
  readonly readerOf: (file: string) => RangeReader;
  /** Pages of source and output that may be in memory at once, over all spans. */
  readonly memory: Semaphore;
  readonly take: (read: ReadSlab) => Promise<void>;
  readonly onBytes: (count: number) => void;
  readonly signal: AbortSignal;
}

/** Every byte of a range, whose size the caller has bounded. */
export const readWhole = async (reader: RangeReader, range: FetchRange, signal: AbortSignal): Promise<Buffer> => {
  const bytes = await buffer(reader.read(range.begin, range.end, signal));
  if (bytes.byteLength !== range.end - range.begin) throw shortRange(range, range.begin + bytes.byteLength);
  return bytes;
};

const shortRange = (range: FetchRange, position: number): SwpError =>
  new SwpError('unavailable', 'build/short-range', `${range.file}: the source ended at byte ${position} instead of ${range.end}.`);

/** A copy of its own, which can be handed to a thread. */
const sliceOf = (
  scales: readonly { readonly range: FetchRange; readonly bytes: Buffer }[],
  wanted: FetchRange,
): Uint8Array<ArrayBuffer> => {
  const held = scales.find(({ range }) => range.file === wanted.file && range.begin <= wanted.begin && wanted.end <= range.end);
  if (held === undefined)
    throw new SwpError('internal', 'build/no-scale', `${wanted.file}: no scales were read from byte ${wanted.begin}.`);
  return new Uint8Array(held.bytes.subarray(wanted.begin - held.range.begin, wanted.end - held.range.begin));
};

/** Unit in which memory is shared out: the semaphore's work grows with its count. */
export const PAGE = 64 * 1024;

const pages = (bytes: number): number => Math.max(1, Math.ceil(bytes / PAGE));

const pagesOf = ({ weight, scale, size, decode }: OutputSlab): number =>
  pages(weight.end - weight.begin + (scale === null ? 0 : scale.end - scale.begin) + (decode === null ? 0 : size));

/**
 * Reads the scales of a span, then streams its weights, handing over each slab as soon as it is whole. A slab
 * waits for room for itself and for what it becomes before its first byte is kept.
 */
export const readSpan = async (span: FetchSpan, { readerOf, memory, take, onBytes, signal }: SpanParts): Promise<void> => {
  const scaleBytes = sizeOf(span.scales);
  if (scaleBytes > 0) await memory.acquire(pages(scaleBytes));
  const taken: Promise<void>[] = [];
  try {
    const scales: { range: FetchRange; bytes: Buffer }[] = [];
    for (const range of span.scales) {
      scales.push({ range, bytes: await readWhole(readerOf(range.file), range, signal) });
      onBytes(range.end - range.begin);
    }
    let position = span.begin;
    let next = 0;
    let filling: { slab: OutputSlab; bytes: Uint8Array<ArrayBuffer> } | null = null;
    for await (const chunk of readerOf(span.file).read(span.begin, span.end, signal)) {
      const end = position + chunk.byteLength;
      onBytes(chunk.byteLength);
      while (next < span.slabs.length) {
        const slab = span.slabs[next];
        if (slab === undefined || slab.weight.begin >= end) break;
        if (filling === null) {
          await memory.acquire(pagesOf(slab));
          filling = { slab, bytes: new Uint8Array(slab.weight.end - slab.weight.begin) };
        }
        const from = Math.max(slab.weight.begin, position);
        const until = Math.min(slab.weight.end, end);
        filling.bytes.set(chunk.subarray(from - position, until - position), from - slab.weight.begin);
        if (until < slab.weight.end) break;
        const whole = { slab, weight: filling.bytes, scale: slab.scale === null ? null : sliceOf(scales, slab.scale) };
        const done = take(whole).finally(() => memory.release(pagesOf(slab)));
        // It is awaited below; until then its failure must not count as unhandled.
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
    if (scaleBytes > 0) memory.release(pages(scaleBytes));
  }
  await Promise.all(taken);
};
