import { setMaxListeners } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import pMap from 'p-map';
import type { FetchPlan } from '../../../formats/mtp/fetch-plan.js';
import { bufferBytes, type OutputSlab } from '../../../formats/mtp/slabs.js';
import type { RangeReader } from '../../../hub/read/range.js';
import type { Constants } from './constants.js';
import { openConvertPool } from './convert-pool.js';
import type { Extent, Journal } from './journal.js';
import { writeAt } from './payload-file.js';
import { readSpan } from './read-span.js';
import { BufferPool } from './buffer-pool.js';

const SPANS_IN_FLIGHT = 4;

export interface Writing {
  /** Threads that may convert. */
  readonly threads: number;
  readonly readerOf: (path: string) => RangeReader;
  readonly output: FileHandle;
  readonly constants: Constants;
  /** Returns the proof that follows from the origin of a slab's bytes; null if they are not proven yet. */
  readonly proofOf: (slab: OutputSlab) => Extent['proof'];
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

/** Fetches, decodes and writes every slab of a plan, and records each one in `extents` and the journal. */
export const writeSlabs = async (plan: FetchPlan, extents: Map<OutputSlab, Extent>, writing: Writing): Promise<void> => {
  const { readerOf, output, constants, proofOf, journal } = writing;
  const pool = openConvertPool(writing.threads);
  const failed = new AbortController();
  const signal = AbortSignal.any([writing.signal, failed.signal]);
  // Each slab in conversion adds a listener.
  setMaxListeners(0, signal);
  const largest = plan.spans.flatMap(({ slabs }) => slabs).reduce((bytes, slab) => Math.max(bytes, bufferBytes(slab)), 0);
  const buffers = new BufferPool(SPANS_IN_FLIGHT, largest, signal);
  const running: Promise<void>[] = [];

  const finish = async (slab: OutputSlab, filled: ArrayBuffer, requests: readonly string[]): Promise<void> => {
    const { at, size } = slab;
    const decode = slab.decode === null ? null : { ...slab.decode, global: constants.globalOf(slab.output) };
    const { buffer, sha256, weightSha256, scaleSha256 } = await pool.convert({ buffer: filled, size, slab: decode }, signal);
    await writeAt(output, new Uint8Array(buffer, 0, size), at);
    buffers.recycle(buffer);
    const extent = { at, size, sha256, weight: weightSha256, scale: scaleSha256, proof: proofOf(slab), requests: [...requests] };
    extents.set(slab, extent);
    await journal.append(extent);
  };
  const take = (...args: Parameters<typeof finish>): Promise<void> =>
    finish(...args).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });

  try {
    await pMap(
      plan.spans,
      (span) => {
        const reading = readSpan(span, { readerOf, buffers, signal, take });
        running.push(reading);
        return reading;
      },
      { concurrency: SPANS_IN_FLIGHT, signal: writing.signal },
    );
  } catch (error) {
    failed.abort(error);
    // Wait for running tasks: files and threads must not be closed while in use.
    await Promise.allSettled(running);
    throw failed.signal.reason;
  } finally {
    // A signal from AbortSignal.any stays in memory, with all its listeners, until it is aborted.
    failed.abort();
    await pool.close();
  }
};
