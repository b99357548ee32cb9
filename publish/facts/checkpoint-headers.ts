import { Semaphore } from 'async-mutex';
import { collectBytes } from '../../core/collect-bytes.js';
import { BeyondLimit, SwpError } from '../../core/error.js';
import { headerSize, LENGTH_PREFIX, openHeader, type SafetensorsHeader } from '../../formats/safetensors/header.js';
import { openIndex, type SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { CheckpointFile } from '../../formats/mtp/selection.js';
import type { Hub } from '../../hub/hub.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { fileDiffers } from '../../hub/read/file-differs.js';
import { openFile } from '../../hub/read/range.js';
import { readAgainIfBroken, readTwiceIfWrong } from '../../hub/read/read-twice.js';
import { listedHash, type RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts } from '../../plan/facts.js';

export const INDEX_PATH = 'model.safetensors.index.json';
export const CONFIG_PATH = 'config.json';
const CONFIG_LIMIT = 4 * 1024 * 1024;
const INDEX_LIMIT = 64 * 1024 * 1024;
export const HEADERS_IN_FLIGHT = 6;
/** Bytes. Most headers fit in a first read of this size. */
const FIRST_READ_BYTES = 100_000;
/**
 * Limit of header bytes in flight, in MiB; a larger header is read exclusively. In MiB, since the semaphore counts
 * single units.
 */
const HEADER_BUDGET_MIB = 16;
const MIB = 1024 * 1024;

/** Selects the tensors to keep, and limits their number in all files of one checkpoint. */
export interface TensorFilter {
  readonly isWanted: (name: string) => boolean;
  readonly most: number;
}

/** Selects every tensor, up to a limit. */
export const allTensors = (most: number): TensorFilter => ({ isWanted: () => true, most });
export const NO_TENSORS: TensorFilter = { isWanted: () => false, most: 0 };

/** Counts the tensors that several readings keep in total. */
class TensorCount {
  private count = 0;

  constructor(private readonly wanted: TensorFilter) {}

  /**
   * Begins one reading. `undo` removes its tensors from the count.
   *
   * @throws SwpError `formats/tensor-count` from `keep`, for the first tensor beyond the limit of all readings
   */
  begin(): { readonly keep: (name: string) => boolean; readonly undo: () => void } {
    const { isWanted, most } = this.wanted;
    let own = 0;
    const keep = (name: string): boolean => {
      if (!isWanted(name)) return false;
      own += 1;
      this.count += 1;
      if (this.count > most)
        throw new BeyondLimit('integrity', 'formats/tensor-count', `The checkpoint has more than ${most} relevant tensors.`);
      return true;
    };
    return { keep, undo: () => void (this.count -= own) };
  }
}

const isBroken = (error: SwpError): boolean => error.kind === 'integrity' && !(error instanceof BeyondLimit);

/** Reads headers by range and keeps the selected entries. */
export class HeaderReader {
  private readonly budget = new Semaphore(HEADER_BUDGET_MIB);
  private readonly tensors: TensorCount;

  constructor(
    private readonly hub: Hub,
    private readonly source: SourceFacts,
    wanted: TensorFilter,
    private readonly signal: AbortSignal,
  ) {
    this.tensors = new TensorCount(wanted);
  }

  private async readOnce(hub: Hub, { path, size, lfs }: RepoFile): Promise<SafetensorsHeader> {
    const { repo, commit } = this.source;
    const reader = openFile(hub, { repo, commit, path, size, lfs });
    const first = await collectBytes(reader.read(0, Math.min(size, FIRST_READ_BYTES), this.signal));
    const bytes = headerSize(first.subarray(0, LENGTH_PREFIX), size);
    const { keep, undo } = this.tensors.begin();
    const parse = async (): Promise<SafetensorsHeader> => {
      const parsing = openHeader(bytes, size, keep);
      const end = LENGTH_PREFIX + bytes;
      parsing.feed(first.subarray(LENGTH_PREFIX, end));
      if (end > first.length) for await (const chunk of reader.read(first.length, end, this.signal)) parsing.feed(chunk);
      return parsing.end();
    };
    try {
      return await this.budget.runExclusive(parse, Math.min(Math.ceil(bytes / MIB), HEADER_BUDGET_MIB));
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** Reads a header. Reads an invalid one again over another connection, since a bit may have flipped in transit. */
  async read(file: RepoFile): Promise<CheckpointFile> {
    const { path, size } = file;
    const { repo } = this.source;
    try {
      const header = await readAgainIfBroken(this.hub, (hub) => this.readOnce(hub, file), isBroken);
      return { path, size, header };
    } catch (error) {
      if (!(error instanceof SwpError) || error.transient) throw error;
      throw new SwpError(error.kind, error.code, `${repo}: ${path}: ${error.message}`, {
        cause: error.cause,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }
}

const readWhole = async (
  hub: Hub,
  source: SourceFacts,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> => {
  const file = source.files.find((found) => found.path === path);
  if (file === undefined) return null;
  return readSmallFile(hub, { repo: source.repo, commit: source.commit, path, maxBytes, file }, { signal });
};

const parseJson = (bytes: Uint8Array | null, path: string): unknown => {
  if (bytes === null) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SwpError('invalid', 'facts/bad-json', `${path} is not JSON.`, { cause });
  }
};

/** Reads and parses a small JSON file of a source; undefined if the source does not have the file. */
export const readSourceJson = async (hub: Hub, source: SourceFacts, path: string, signal: AbortSignal): Promise<unknown> =>
  parseJson(await readWhole(hub, source, path, CONFIG_LIMIT, signal), path);

export const readConfig = (hub: Hub, source: SourceFacts, signal: AbortSignal): Promise<unknown> =>
  readSourceJson(hub, source, CONFIG_PATH, signal);

/** The result of reading an index once, before its digest is checked. The text may be of another file, or invalid. */
interface ReadIndex {
  readonly digest: string;
  /** @throws SwpError if the text breaks the format */
  readonly end: () => SafetensorsIndex;
}

/** Parses an index while reading it, so that the whole text is never in memory. */
const readOnce = async (
  hub: Hub,
  { repo, commit }: SourceFacts,
  { path, size, lfs }: RepoFile,
  wanted: TensorFilter,
  signal: AbortSignal,
): Promise<ReadIndex> => {
  const hash = listedHash({ size, lfs });
  const parsing = openIndex(new TensorCount(wanted).begin().keep);
  let fault: SwpError | null = null;
  for await (const chunk of openFile(hub, { repo, commit, path, size, lfs }).read(0, size, signal)) {
    hash.update(chunk);
    if (fault !== null) continue;
    try {
      parsing.feed(chunk);
    } catch (error) {
      // The error is thrown only after the digest has shown that this text is the file.
      if (!(error instanceof SwpError)) throw error;
      fault = error;
    }
  }
  return {
    digest: hash.digest('hex'),
    end: () => {
      if (fault !== null) throw fault;
      return parsing.end();
    },
  };
};

/** Reads the index of a sharded checkpoint and keeps the selected entries; undefined if there is no index. */
export const readIndex = async (
  hub: Hub,
  source: SourceFacts,
  wanted: TensorFilter,
  signal: AbortSignal,
): Promise<SafetensorsIndex | undefined> => {
  const file = source.files.find(({ path }) => path === INDEX_PATH);
  if (file === undefined) return undefined;
  if (file.size > INDEX_LIMIT)
    throw new SwpError('integrity', 'formats/index-size', `${INDEX_PATH} has ${file.size} bytes; at most ${INDEX_LIMIT} are read.`);
  const failure = fileDiffers({ ...source, path: INDEX_PATH });
  const { value, isRight } = await readTwiceIfWrong(
    hub,
    failure,
    (from) => readOnce(from, source, file, wanted, signal),
    ({ digest }) => digest === (file.lfs ?? file.gitBlob),
  );
  if (!isRight) throw failure;
  return value.end();
};
