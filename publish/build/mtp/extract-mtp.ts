import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import { FileHash, type FileDigests } from '../../../core/file-digests.js';
import { writeAtomic } from '../../../core/files.js';
import { fetchPlan, type FetchPlan } from '../../../formats/mtp/fetch-plan.js';
import { planExtraction, type Extraction, type MtpSelection } from '../../../formats/mtp/selection.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import { makeTensorsFile } from '../../../formats/mtp/tensors-file.js';
import type { HubConfig } from '../../../hub/config.js';
import { canonicalJson } from '../../../core/digests.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { MTP_PAYLOAD, MTP_TENSORS } from '../../../plan/plan-mtp.js';
import { proofBytes, type SourceProof } from '../../../plan/source-proof.js';
import { explainFailure } from '../../scratch/explain-failure.js';
import { checkHeaders } from './check-headers.js';
import { readConstants, type Constants } from './constants.js';
import { openJournal, readFinished, type Extent, type Journal } from './journal.js';
import { openOutput, slabReader, writeAt } from './payload-file.js';
import { readAgain } from './read-again.js';
import { SourceReading } from './source-reading.js';
import { writeSlabs } from './write-slabs.js';

/** Beside the output while it is made: what of it is finished, and whole shards. */
export const JOURNAL = 'journal.jsonl';
const SHARDS = 'shards';
export const EXTRACTION_WORK: readonly string[] = [JOURNAL, SHARDS];
/** How often slabs are made again whose first reading was wrong. */
const ROUNDS = 3;

export interface ExtractRequest {
  readonly hub: HubConfig;
  readonly source: Pick<SourceFacts, 'repo' | 'commit' | 'files'>;
  readonly selection: MtpSelection;
  /** How what is read is proven to be the source's. */
  readonly proof: SourceProof;
  /** Where the payload is written; what an earlier run of the same selection left there is used again. */
  readonly directory: string;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

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

type Extents = Map<OutputSlab, Extent>;

interface Making {
  readonly slabs: readonly OutputSlab[];
  readonly extents: Extents;
  readonly constants: Constants;
  readonly reading: SourceReading;
  readonly output: FileHandle;
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

const neverRight = ({ output: { source }, weight: { begin, end } }: OutputSlab): SwpError =>
  new SwpError(
    'integrity',
    'mtp/source-differs',
    `${source.file}: ${source.name} (bytes ${begin} to ${end}) came wrong the first time in each of ${ROUNDS} attempts.`,
    { hint: 'Nothing of it is published. Look at what lies between this host and the Hub, then retry or move to another host.' },
  );

/** Makes every slab that is missing, and reads again what they were made of where that is no hashed shard. */
const makeSlabs = async ({ slabs, extents, reading, journal, ...making }: Making, onBytes: (bytes: number) => void): Promise<void> => {
  const { signal } = making;
  const proofOf = (slab: OutputSlab): Extent['proof'] => (reading.isStaged(slab) ? 'shard-sha256' : null);
  const onAgreed = async (slab: OutputSlab): Promise<void> => {
    const extent = extents.get(slab);
    if (extent === undefined) return;
    const proven: Extent = { ...extent, proof: 'double-read' };
    extents.set(slab, proven);
    await journal.append(proven);
  };
  for (let round = 1; ; round += 1) {
    const connected = reading.connect();
    try {
      const missing = slabs.filter((slab) => !extents.has(slab));
      await writeSlabs(fetchPlan(missing), extents, { ...making, readerOf: connected.readerOf, proofOf, journal });
    } finally {
      connected.close();
    }
    const doubtful = slabs.filter((slab) => extents.get(slab)?.proof === null);
    const wrong = await readAgain({ slabs: doubtful, extents, reading: reading.double, onAgreed, onBytes, signal });
    const [first] = wrong;
    if (first === undefined) return;
    if (round === ROUNDS) throw neverRight(first);
    for (const slab of wrong) extents.delete(slab);
  }
};

/** The plan of what is left to read, of these slabs, with the small tensors that every run reads. */
const planFor = (slabs: readonly OutputSlab[], { fetch: { constants, constantRanges } }: Extraction): FetchPlan => ({
  ...fetchPlan(slabs),
  constants,
  constantRanges,
});

const extractInto = async (request: ExtractRequest, output: FileHandle, journal: Journal): Promise<FileDigests> => {
  const { source, selection, proof, directory, onProgress, signal } = request;
  const extraction = planExtraction(selection);
  const { slabs } = extraction;
  let [doneBytes, totalBytes] = [0, 0];
  const onBytes = (bytes: number): void => onProgress((doneBytes += bytes), Math.max(totalBytes, doneBytes));
  const reading = new SourceReading({ ...request, onBytes });
  try {
    await output.truncate(selection.layout.size);
    await writeAt(output, selection.layout.header, 0);
    const extents = await readFinished(join(directory, JOURNAL), output, slabs, signal);
    // A plan that has whole shards hashed takes nothing that was proven in another way.
    if (proof === 'shard-sha256') for (const [slab, extent] of extents) if (extent.proof !== proof) extents.delete(slab);
    const left = planFor(
      slabs.filter((slab) => (extents.get(slab)?.proof ?? null) === null),
      extraction,
    );
    totalBytes = proofBytes(left, source.files, proof).readBytes;
    await reading.stage(left, join(directory, SHARDS));
    await checkHeaders(selection, source, (path) => reading.readersAgain(path), signal);
    const constants = await readConstants(extraction.fetch, selection, (range) => reading.readProven(range));
    await makeSlabs({ slabs, extents, constants, reading, output, journal, signal }, onBytes);
    await output.sync();
    const digests = await hashAgainst(output, selection, slabs, extents, signal);
    const hashed = slabs.flatMap((slab) => {
      const extent = extents.get(slab);
      return extent === undefined ? [] : [{ slab, digests: extent }];
    });
    const tensors = makeTensorsFile({ source, selection, slabs: hashed, constants: constants.digests });
    await writeAtomic(join(directory, MTP_TENSORS), `${canonicalJson(tensors)}\n`);
    return digests;
  } finally {
    reading.close();
  }
};

/**
 * Reads the heads from the pinned source, proves that what was read is the source's, decodes what is quantised, and
 * writes them into their places in one safetensors file, with the list of what each tensor was made of. Memory does not
 * grow with the model. A run that is killed goes on from its journal and its staged shards.
 *
 * @returns the digests of the safetensors file, from reading it back
 * @throws SwpError `mtp/source-differs`, `build/differs`, `build/short-range`, `build/bad-shape`, `scratch/full`, and
 *   those of reading from the Hub
 */
export const extractMtp = async (request: ExtractRequest): Promise<FileDigests> => {
  const { directory } = request;
  const output = await openOutput(join(directory, MTP_PAYLOAD));
  const journal = await openJournal(join(directory, JOURNAL));
  try {
    return await extractInto(request, output, journal);
  } catch (error) {
    throw explainFailure(error, directory);
  } finally {
    await journal.close();
    await output.close();
  }
};
