import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Semaphore } from 'async-mutex';
import pMap from 'p-map';
import { SwpError } from '../../core/error.js';
import { Sha256 } from '../../core/ids.js';
import { fetchPlan, type FetchPlan } from '../../formats/mtp/fetch-plan.js';
import { planExtraction, type MtpSelection } from '../../formats/mtp/selection.js';
import type { OutputSlab } from '../../formats/mtp/slabs.js';
import { makeTensorsFile } from '../../formats/mtp/tensors-file.js';
import type { HubConfig } from '../../hub/config.js';
import { openFile, type RangeReader } from '../../hub/read/range.js';
import { canonicalJson } from '../../plan/canonical.js';
import type { SourceFacts } from '../../plan/facts.js';
import { MTP_PAYLOAD, MTP_TENSORS } from '../../plan/plan-mtp.js';
import { writeAtomic } from '../scratch/write-atomic.js';
import { readConstants, type Constants } from './constants.js';
import { openConvertPool } from './convert-pool.js';
import { openJournal, readFinished, type Extent } from './journal.js';
import { PAGE, readSpan } from './read-span.js';

const SPANS_IN_FLIGHT = 4;
/** Source and output bytes that are in memory at once, whatever the size of a tensor. */
const MEMORY_BYTES = 96 * 1024 * 1024;
const HASH_BLOCK = 1024 * 1024;
/** Beside the output: what of it is finished. */
export const JOURNAL = 'journal.jsonl';

export interface ExtractRequest {
  readonly hub: HubConfig;
  readonly source: SourceFacts;
  readonly selection: MtpSelection;
  /** Where the payload is written; what an earlier run of the same selection left there is used again. */
  readonly directory: string;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** SHA-256 of a whole file, read in order. */
export const hashFile = async (path: string, signal: AbortSignal): Promise<Sha256> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: HASH_BLOCK }), hash, { signal });
  return Sha256.parse(hash.digest('hex'));
};

/** One address for each file, asked for once. */
const readersOf = (hub: HubConfig, source: SourceFacts): ((path: string) => RangeReader) => {
  const readers = new Map<string, RangeReader>();
  return (path) => {
    const known = readers.get(path);
    if (known !== undefined) return known;
    const file = source.files.find((found) => found.path === path);
    if (file === undefined) throw new SwpError('integrity', 'build/no-file', `${source.repo} at ${source.commit} lists no ${path}.`);
    const reader = openFile(hub, { repo: source.repo, commit: source.commit, path, size: file.size, lfs: file.lfs });
    readers.set(path, reader);
    return reader;
  };
};

const openOutput = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return open(path, 'wx+', 0o600);
    throw error;
  }
};

interface Writing {
  readonly request: ExtractRequest;
  readonly output: FileHandle;
  readonly readerOf: (path: string) => RangeReader;
  readonly constants: Constants;
  readonly extents: Map<OutputSlab, Extent>;
}

/** Fetches, decodes and writes every slab that is not there yet. */
const writeSlabs = async ({ request, output, readerOf, constants, extents }: Writing, plan: FetchPlan): Promise<void> => {
  const { directory, onProgress } = request;
  const journal = await openJournal(join(directory, JOURNAL));
  const pool = openConvertPool();
  const memory = new Semaphore(MEMORY_BYTES / PAGE);
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const running: Promise<void>[] = [];
  let done = 0;
  try {
    await pMap(
      plan.spans,
      (span) => {
        const reading = readSpan(span, {
          readerOf,
          memory,
          signal,
          onBytes: (count) => onProgress((done += count), plan.fetchBytes),
          take: async ({ slab, weight, scale }) => {
            const slabTask = slab.decode === null ? null : { ...slab.decode, global: constants.globalOf(slab.output) };
            const converted = await pool.convert({ slab: slabTask, weight, scale }, signal);
            await output.write(converted.output, 0, converted.output.byteLength, slab.at);
            const extent = {
              at: slab.at,
              size: slab.size,
              sha256: converted.sha256,
              weight: converted.weightSha256,
              scale: converted.scaleSha256,
            };
            extents.set(slab, extent);
            await journal.append(extent);
          },
        });
        running.push(reading);
        return reading;
      },
      { concurrency: SPANS_IN_FLIGHT, signal: request.signal },
    );
  } catch (error) {
    failed.abort(error);
    memory.cancel();
    // Files and threads are closed only when nobody uses them any more.
    await Promise.allSettled(running);
    throw error;
  } finally {
    await pool.close();
    await journal.close();
  }
};

/** Reads the whole file once more, in order: its SHA-256, with every slab's own digest come out again. */
const hashAgainst = async (
  output: FileHandle,
  selection: MtpSelection,
  slabs: readonly OutputSlab[],
  extents: ReadonlyMap<OutputSlab, Extent>,
  signal: AbortSignal,
): Promise<Sha256> => {
  const hash = createHash('sha256').update(selection.layout.header);
  for (const slab of slabs) {
    signal.throwIfAborted();
    const bytes = Buffer.allocUnsafe(slab.size);
    const { bytesRead } = await output.read(bytes, 0, slab.size, slab.at);
    const own = createHash('sha256').update(bytes).digest('hex');
    if (bytesRead !== slab.size || own !== extents.get(slab)?.sha256)
      throw new SwpError(
        'integrity',
        'build/differs',
        `${MTP_PAYLOAD}: bytes ${slab.at} to ${slab.at + slab.size} are not those that were written.`,
        { hint: 'Look at the disk of this host (its kernel log, free space), then retry.' },
      );
    hash.update(bytes);
  }
  return Sha256.parse(hash.digest('hex'));
};

/**
 * Reads the heads by range from the pinned source, decodes what is quantised, and writes them into their
 * places in one safetensors file, with the list of what each tensor was made of. Memory does not grow with
 * the model. A run that is killed goes on from its journal.
 *
 * @returns the SHA-256 of the safetensors file, from reading it back
 * @throws SwpError `build/differs`, `build/short-range`, `build/bad-shape`, and those of reading from the Hub
 */
export const extractMtp = async (request: ExtractRequest): Promise<Sha256> => {
  const { hub, source, selection, directory, signal } = request;
  const { slabs, fetch } = planExtraction(selection);
  const readerOf = readersOf(hub, source);
  const constants = await readConstants(fetch, selection, readerOf, signal);
  const output = await openOutput(join(directory, MTP_PAYLOAD));
  try {
    await output.truncate(selection.layout.size);
    await output.write(selection.layout.header, 0, selection.layout.header.byteLength, 0);
    const extents = await readFinished(join(directory, JOURNAL), output, slabs, signal);
    const missing = slabs.filter((slab) => !extents.has(slab));
    await writeSlabs({ request, output, readerOf, constants, extents }, missing.length === slabs.length ? fetch : fetchPlan(missing));
    await output.sync();
    const sha256 = await hashAgainst(output, selection, slabs, extents, signal);
    const hashed = slabs.flatMap((slab) => {
      const digests = extents.get(slab);
      return digests === undefined ? [] : [{ slab, digests }];
    });
    const tensors = makeTensorsFile({ source, selection, slabs: hashed, constants: constants.digests });
    await writeAtomic(join(directory, MTP_TENSORS), `${canonicalJson(tensors)}\n`);
    return sha256;
  } finally {
    await output.close();
  }
};
