import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import { FileHash, type FileDigests } from '../../../core/file-digests.js';
import { writeAtomic } from '../../../core/files.js';
import type { Machine } from '../../../core/machine.js';
import { fetchPlan, type FetchPlan } from '../../../formats/mtp/fetch-plan.js';
import { planExtraction, type Extraction, type MtpSelection } from '../../../formats/mtp/selection.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import { makeTensorsFile } from '../../../formats/mtp/tensors-file.js';
import type { Hub } from '../../../hub/hub.js';
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

/** Lists the slabs that are written, beside the unfinished output. */
export const JOURNAL = 'journal.jsonl';
/** Holds whole shards, beside the unfinished output. */
const SHARDS = 'shards';
export const EXTRACTION_WORK: readonly string[] = [JOURNAL, SHARDS];
/** Limit of attempts for slabs whose first reading is wrong. */
const MAX_ROUNDS = 3;

export interface ExtractRequest {
  readonly hub: Hub;
  readonly source: Pick<SourceFacts, 'repo' | 'commit' | 'files'>;
  readonly selection: MtpSelection;
  /** The proof to give that the bytes read are the source's. */
  readonly proof: SourceProof;
  /** Receives the payload. Files that an earlier run of the same selection left there are reused. */
  readonly directory: string;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Reads the whole output again, in order, to compute its digests. Checks the digest of every slab on the way. */
const hashAgainst = async (
  machine: Machine,
  output: FileHandle,
  selection: MtpSelection,
  slabs: readonly OutputSlab[],
  extents: ReadonlyMap<OutputSlab, Extent>,
  signal: AbortSignal,
): Promise<FileDigests> => {
  const hash = new FileHash(machine);
  try {
    await hash.update(selection.layout.header);
    const readSlab = slabReader(output, signal);
    for (const slab of slabs) {
      const read = await readSlab(slab);
      if (read === null || read.sha256 !== extents.get(slab)?.sha256)
        throw new SwpError(
          'integrity',
          'build/differs',
          `${MTP_PAYLOAD}: bytes ${slab.at} to ${slab.at + slab.size} differ from what SWP wrote.`,
          { hint: 'Check the disk of this host (its kernel log, free space), then retry.' },
        );
      await hash.update(read.bytes);
    }
    return await hash.digest();
  } finally {
    await hash.close();
  }
};

type Extents = Map<OutputSlab, Extent>;

interface SlabBuild {
  readonly slabs: readonly OutputSlab[];
  readonly extents: Extents;
  readonly constants: Constants;
  readonly reading: SourceReading;
  readonly output: FileHandle;
  readonly journal: Journal;
  readonly threads: number;
  readonly signal: AbortSignal;
}

const sourceDiffers = ({ output: { source }, weight: { begin, end } }: OutputSlab): SwpError =>
  new SwpError(
    'integrity',
    'mtp/source-differs',
    `${source.file}: ${source.name} (bytes ${begin} to ${end}) were wrong at the first reading in each of ${MAX_ROUNDS} attempts.`,
    { hint: 'Nothing was published. Check the path between this host and the Hub, then retry or move to another host.' },
  );

/** Writes every missing slab, then reads its source bytes again unless they come from hashed shards. */
const makeSlabs = async ({ slabs, extents, reading, journal, ...build }: SlabBuild, onBytes: (bytes: number) => void): Promise<void> => {
  const { signal } = build;
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
      await writeSlabs(fetchPlan(missing), extents, { ...build, readerOf: connected.readerOf, proofOf, journal });
    } finally {
      connected.close();
    }
    const unproven = slabs.filter((slab) => extents.get(slab)?.proof === null);
    const wrongSlabs = await readAgain({ slabs: unproven, extents, reading: reading.double, onAgreed, onBytes, signal });
    const [first] = wrongSlabs;
    if (first === undefined) return;
    if (round === MAX_ROUNDS) throw sourceDiffers(first);
    for (const slab of wrongSlabs) extents.delete(slab);
  }
};

/** Plans the remaining reads for these slabs, with the small tensors that every run reads. */
const planFor = (slabs: readonly OutputSlab[], { fetch: { constants, constantRanges } }: Extraction): FetchPlan => ({
  ...fetchPlan(slabs),
  constants,
  constantRanges,
});

const extractInto = async (request: ExtractRequest, output: FileHandle, journal: Journal): Promise<FileDigests> => {
  const { hub, source, selection, proof, directory, onProgress, signal } = request;
  const { machine } = hub;
  const extraction = planExtraction(selection);
  const { slabs } = extraction;
  let [doneBytes, totalBytes] = [0, 0];
  const onBytes = (bytes: number): void => onProgress((doneBytes += bytes), Math.max(totalBytes, doneBytes));
  const reading = new SourceReading({ ...request, onBytes });
  try {
    await output.truncate(selection.layout.size);
    await writeAt(output, selection.layout.header, 0);
    const extents = await readFinished(machine.files, join(directory, JOURNAL), output, slabs, signal);
    // A plan with whole shards hashed accepts no slab that was proven in another way.
    if (proof === 'shard-sha256') for (const [slab, extent] of extents) if (extent.proof !== proof) extents.delete(slab);
    const remaining = planFor(
      slabs.filter((slab) => (extents.get(slab)?.proof ?? null) === null),
      extraction,
    );
    totalBytes = proofBytes(remaining, source.files, proof).readBytes;
    await reading.stage(remaining, join(directory, SHARDS));
    await checkHeaders(selection, source, (path) => reading.readersAgain(path), signal);
    const constants = await readConstants(extraction.fetch, selection, (range) => reading.readProven(range));
    await makeSlabs({ slabs, extents, constants, reading, output, journal, threads: machine.threads, signal }, onBytes);
    await output.sync();
    const digests = await hashAgainst(machine, output, selection, slabs, extents, signal);
    const hashed = slabs.flatMap((slab) => {
      const extent = extents.get(slab);
      return extent === undefined ? [] : [{ slab, digests: extent }];
    });
    const tensors = makeTensorsFile({ source, selection, slabs: hashed, constants: constants.digests });
    await writeAtomic(machine, join(directory, MTP_TENSORS), `${canonicalJson(tensors)}\n`);
    return digests;
  } finally {
    reading.close();
  }
};

/**
 * Reads the MTP heads from the pinned source, proves that the bytes are the source's, decodes quantised tensors, and writes
 * the heads into one safetensors file. A second file lists the inputs of each tensor. Memory use does not grow with the
 * model. After a kill, the next run resumes from the journal and the staged shards.
 *
 * @returns the digests of the safetensors file, from reading it back
 * @throws SwpError `mtp/source-differs`, `build/differs`, `build/short-range`, `build/bad-shape`, `scratch/full`, and
 *   the errors of reading from the Hub
 */
export const extractMtp = async (request: ExtractRequest): Promise<FileDigests> => {
  const { directory } = request;
  const { files } = request.hub.machine;
  const output = await openOutput(files, join(directory, MTP_PAYLOAD));
  const journal = await openJournal(files, join(directory, JOURNAL));
  try {
    return await extractInto(request, output, journal);
  } catch (error) {
    throw await explainFailure(files, error, directory);
  } finally {
    await journal.close();
    await output.close();
  }
};
