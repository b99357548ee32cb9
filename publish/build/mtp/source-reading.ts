import { collectBytes } from '../../../core/collect-bytes.js';
import { SwpError } from '../../../core/error.js';
import type { FetchPlan } from '../../../formats/mtp/fetch-plan.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import type { Hub } from '../../../hub/hub.js';
import type { RangeReader } from '../../../hub/read/range.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { wholeFiles, type SourceProof } from '../../../plan/source-proof.js';
import { DoubleRead, type NamedRange } from '../double-read.js';
import { connectSource, type SourceReaders } from '../source-readers.js';
import { stageShards } from './stage-shards.js';

export interface SourceReadingParts {
  readonly hub: Hub;
  readonly source: Pick<SourceFacts, 'repo' | 'commit' | 'files'>;
  readonly proof: SourceProof;
  /** Called with byte counts as they arrive from the Hub. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const ADVICE = ' With a higher SWP_PROVE_SHARDS, a new plan hashes whole shards instead.';

const counted = (reader: RangeReader, onBytes: (bytes: number) => void): RangeReader => ({
  read: async function* (...range) {
    for await (const chunk of reader.read(...range)) {
      onBytes(chunk.byteLength);
      yield chunk;
    }
  },
});

/**
 * Reads a pinned source for an extraction: whole shards from scratch if the proof stages them, ranges from the Hub
 * otherwise.
 */
export class SourceReading {
  readonly double: DoubleRead;
  private staged: ReadonlyMap<string, RangeReader> = new Map();

  constructor(private readonly parts: SourceReadingParts) {
    this.double = new DoubleRead(parts.hub, parts.source, 'mtp/source-differs', ADVICE);
  }

  /** Downloads the shards that the proof needs whole into a directory and hashes them. */
  async stage(plan: FetchPlan, directory: string): Promise<void> {
    const { hub, source, proof, onBytes, signal } = this.parts;
    this.staged = await stageShards(hub, source, wholeFiles(plan, source.files, proof), directory, { onBytes, signal });
  }

  /** Returns true if all inputs of a slab are in hashed shards. */
  isStaged({ weight, scale }: OutputSlab): boolean {
    return this.staged.has(weight.file) && (scale === null || this.staged.has(scale.file));
  }

  /** Returns readers for one reading. Files that are not staged are read over new connections. */
  connect(): SourceReaders {
    const { hub, source, onBytes } = this.parts;
    const readers = connectSource(hub, source);
    return { readerOf: (path) => this.staged.get(path) ?? counted(readers.readerOf(path), onBytes), close: readers.close };
  }

  /** Returns the readers for reading a file again: one for a staged file, which is proven, and two otherwise. */
  readersAgain(path: string): readonly RangeReader[] {
    const staged = this.staged.get(path);
    return staged === undefined ? [this.double.readerOf(2, path), this.double.readerOf(3, path)] : [staged];
  }

  /** Reads a range into memory and proves that its bytes are the source's. */
  async readProven(range: NamedRange): Promise<Buffer> {
    const staged = this.staged.get(range.file);
    if (staged === undefined) return this.double.read(range, this.parts.signal);
    const bytes = await collectBytes(staged.read(range.begin, range.end, this.parts.signal));
    if (bytes.byteLength === range.end - range.begin) return bytes;
    throw new SwpError('unavailable', 'build/short-range', `${range.file} ends in scratch before byte ${range.end}.`);
  }

  close(): void {
    this.double.close();
  }
}
