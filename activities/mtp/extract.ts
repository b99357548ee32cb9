import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { SwpError } from '../../core/error.js';
import { FileHash, type FileDigests } from '../../core/file-digests.js';
import { writeAtomic } from '../../core/files.js';
import { fetchPlan, type FetchPlan } from '../../formats/mtp/fetch-plan.js';
import { planExtraction, type MtpSelection } from '../../formats/mtp/selection.js';
import type { OutputSlab } from '../../formats/mtp/slabs.js';
import { makeTensorsFile } from '../../formats/mtp/tensors-file.js';
import type { HubConfig } from '../../hub/config.js';
import { openFile, type RangeReader } from '../../hub/read/range.js';
import { canonicalJson } from '../../plan/canonical.js';
import type { SourceFacts } from '../../plan/facts.js';
import { MTP_PAYLOAD, MTP_TENSORS } from '../../plan/plan-mtp.js';
import { explainDiskFull } from '../scratch/disk-full.js';
import { readConstants, type Constants } from './constants.js';
import { openConvertPool } from './convert-pool.js';
import { openJournal, readFinished, type Extent } from './journal.js';
import { openOutput, slabReader, writeAt } from './output.js';
import { readSpan } from './read-span.js';
import { Rooms } from './rooms.js';

const SPANS_IN_FLIGHT = 4;
/** Beside the output: what of it is finished. */
export const JOURNAL = 'journal.jsonl';

export interface ExtractRequest {
  readonly source: Pick<SourceFacts, 'repo' | 'commit'>;
  /** Reads a file of the source, by its path there. */
  readonly readerOf: (path: string) => RangeReader;
  readonly selection: MtpSelection;
  /** Where the payload is written; what an earlier run of the same selection left there is used again. */
  readonly directory: string;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Readers of a source on the Hub: one address for each file, asked for once. */
export const readersOf = (hub: HubConfig, source: SourceFacts): ((path: string) => RangeReader) => {
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

interface Writing {
  readonly request: ExtractRequest;
  readonly output: FileHandle;
  readonly constants: Constants;
  readonly extents: Map<OutputSlab, Extent>;
}

/** Fetches, decodes and writes every slab that is not there yet. */
const writeSlabs = async ({ request, output, constants, extents }: Writing, plan: FetchPlan): Promise<void> => {
  const { directory, onProgress, readerOf } = request;
  const journal = await openJournal(join(directory, JOURNAL));
  const pool = openConvertPool();
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const rooms = new Rooms(SPANS_IN_FLIGHT, signal);
  const running: Promise<void>[] = [];
  let done = 0;

  const finish = async (slab: OutputSlab, filled: ArrayBuffer): Promise<void> => {
    const { at, size } = slab;
    const decode = slab.decode === null ? null : { ...slab.decode, global: constants.globalOf(slab.output) };
    const { room, sha256, weightSha256, scaleSha256 } = await pool.convert({ room: filled, size, slab: decode }, signal);
    await writeAt(output, new Uint8Array(room, 0, size), at);
    rooms.giveBack(room);
    const extent = { at, size, sha256, weight: weightSha256, scale: scaleSha256 };
    extents.set(slab, extent);
    await journal.append(extent);
  };
  const take = (slab: OutputSlab, filled: ArrayBuffer): Promise<void> =>
    finish(slab, filled).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });

  try {
    await pMap(
      plan.spans,
      (span) => {
        const reading = readSpan(span, {
          readerOf,
          rooms,
          signal,
          take,
          onBytes: (count) => onProgress((done += count), plan.fetchBytes),
        });
        running.push(reading);
        return reading;
      },
      { concurrency: SPANS_IN_FLIGHT, signal: request.signal },
    );
  } catch (error) {
    failed.abort(error);
    // Files and threads are closed only when nobody uses them any more.
    await Promise.allSettled(running);
    throw failed.signal.reason;
  } finally {
    // A signal that follows others is kept, with all that listens to it, until it is aborted.
    failed.abort();
    await pool.close();
    await journal.close();
  }
};

/** Reads the whole file once more, in order, for its digests; every slab's own digest must come out again. */
const hashAgainst = async (
  output: FileHandle,
  selection: MtpSelection,
  slabs: readonly OutputSlab[],
  extents: ReadonlyMap<OutputSlab, Extent>,
  signal: AbortSignal,
): Promise<FileDigests> => {
  const hash = new FileHash();
  try {
    await hash.update(selection.layout.header);
    const readSlab = slabReader(output, signal);
    for (const slab of slabs) {
      const read = await readSlab(slab);
      if (read === null || read.sha256 !== extents.get(slab)?.sha256)
        throw new SwpError(
          'integrity',
          'build/differs',
          `${MTP_PAYLOAD}: bytes ${slab.at} to ${slab.at + slab.size} are not those that were written.`,
          { hint: 'Look at the disk of this host (its kernel log, free space), then retry.' },
        );
      await hash.update(read.bytes);
    }
    return await hash.digest();
  } finally {
    await hash.close();
  }
};

/**
 * Reads the heads by range from the pinned source, decodes what is quantised, and writes them into their
 * places in one safetensors file, with the list of what each tensor was made of. Memory does not grow with
 * the model. A run that is killed goes on from its journal.
 *
 * @returns the digests of the safetensors file, from reading it back
 * @throws SwpError `build/differs`, `build/short-range`, `build/bad-shape`, `scratch/full`, and those of reading from
 *   the Hub
 */
export const extractMtp = async (request: ExtractRequest): Promise<FileDigests> => {
  const { source, readerOf, selection, directory, signal } = request;
  const { slabs, fetch } = planExtraction(selection);
  const constants = await readConstants(fetch, selection, readerOf, signal);
  const output = await openOutput(join(directory, MTP_PAYLOAD));
  try {
    await output.truncate(selection.layout.size);
    await writeAt(output, selection.layout.header, 0);
    const extents = await readFinished(join(directory, JOURNAL), output, slabs, signal);
    const missing = slabs.filter((slab) => !extents.has(slab));
    await writeSlabs({ request, output, constants, extents }, missing.length === slabs.length ? fetch : fetchPlan(missing));
    await output.sync();
    const digests = await hashAgainst(output, selection, slabs, extents, signal);
    const hashed = slabs.flatMap((slab) => {
      const extent = extents.get(slab);
      return extent === undefined ? [] : [{ slab, digests: extent }];
    });
    const tensors = makeTensorsFile({ source, selection, slabs: hashed, constants: constants.digests });
    await writeAtomic(join(directory, MTP_TENSORS), `${canonicalJson(tensors)}\n`);
    return digests;
  } catch (error) {
    throw explainDiskFull(error, directory);
  } finally {
    await output.close();
  }
};
