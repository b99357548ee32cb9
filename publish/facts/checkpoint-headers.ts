import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Semaphore } from 'async-mutex';
import { BeyondLimit, SwpError } from '../../core/error.js';
import { headerSize, LENGTH_PREFIX, openHeader, type SafetensorsHeader } from '../../formats/safetensors/header.js';
import { openIndex, type SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { CheckpointFile } from '../../formats/mtp/selection.js';
import type { HubConfig } from '../../hub/config.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { fileDiffers } from '../../hub/read/file-differs.js';
import { openFile } from '../../hub/read/range.js';
import { readAgainIfBroken, readTwiceIfWrong } from '../../hub/read/second-look.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts } from '../../plan/facts.js';

export const INDEX_PATH = 'model.safetensors.index.json';
export const CONFIG_PATH = 'config.json';
const CONFIG_LIMIT = 4 * 1024 * 1024;
const INDEX_LIMIT = 64 * 1024 * 1024;
export const HEADERS_IN_FLIGHT = 6;
/** Most headers fit in this first read. */
const FIRST_READ = 100_000;
/** Headers in flight, in MiB; one that is larger is read alone. The semaphore counts units one by one. */
const HEADER_ROOM = 16;
const MIB = 1024 * 1024;

/** Tensors that are asked for, and how many of them one checkpoint may have in all of its files. */
export interface Wanted {
  readonly isWanted: (name: string) => boolean;
  readonly most: number;
}

/** Every tensor, of at most so many. */
export const allTensors = (most: number): Wanted => ({ isWanted: () => true, most });
export const NO_TENSORS: Wanted = { isWanted: () => false, most: 0 };

/** Counts the tensors that several readings keep. */
class TensorCount {
  private count = 0;

  constructor(private readonly wanted: Wanted) {}

  /** @throws SwpError `formats/tensor-count` from `keep`, for the first tensor too many of all readings */
  begin(): { readonly keep: (name: string) => boolean; readonly undo: () => void } {
    const { isWanted, most } = this.wanted;
    let own = 0;
    const keep = (name: string): boolean => {
      if (!isWanted(name)) return false;
      own += 1;
      this.count += 1;
      if (this.count > most)
        throw new BeyondLimit('integrity', 'formats/tensor-count', `The checkpoint has more than ${most} tensors that matter.`);
      return true;
    };
    return { keep, undo: () => void (this.count -= own) };
  }
}

const isBroken = (error: SwpError): boolean => error.kind === 'integrity' && !(error instanceof BeyondLimit);

/** Reads headers by range, keeping the entries that are asked for. */
export class HeaderReader {
  private readonly room = new Semaphore(HEADER_ROOM);
  private readonly tensors: TensorCount;

  constructor(
    private readonly hub: HubConfig,
    private readonly source: SourceFacts,
    wanted: Wanted,
    private readonly signal: AbortSignal,
  ) {
    this.tensors = new TensorCount(wanted);
  }

  private async readOnce(hub: HubConfig, { path, size, lfs }: RepoFile): Promise<SafetensorsHeader> {
    const { repo, commit } = this.source;
    const reader = openFile(hub, { repo, commit, path, size, lfs });
    const first = await buffer(reader.read(0, Math.min(size, FIRST_READ), this.signal));
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
      return await this.room.runExclusive(parse, Math.min(Math.ceil(bytes / MIB), HEADER_ROOM));
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** A header that breaks the format is read again, over another connection: one flipped bit on the way is not the file's. */
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
  hub: HubConfig,
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

/** A small JSON file of a source, parsed; undefined where it has none. */
export const readSourceJson = async (hub: HubConfig, source: SourceFacts, path: string, signal: AbortSignal): Promise<unknown> =>
  parseJson(await readWhole(hub, source, path, CONFIG_LIMIT, signal), path);

export const readConfig = (hub: HubConfig, source: SourceFacts, signal: AbortSignal): Promise<unknown> =>
  readSourceJson(hub, source, CONFIG_PATH, signal);

/** An index that was read once: its text may be that of another file, or break the format. */
interface ReadIndex {
  readonly digest: string;
  /** @throws SwpError where it breaks the format */
  readonly end: () => SafetensorsIndex;
}

/** Parses an index while it is read, so that its text is never in memory as a whole. */
const readOnce = async (
  hub: HubConfig,
  { repo, commit }: SourceFacts,
  { path, size, lfs }: RepoFile,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<ReadIndex> => {
  const hash = lfs === null ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256');
  const parsing = openIndex(new TensorCount(wanted).begin().keep);
  let fault: SwpError | null = null;
  for await (const chunk of openFile(hub, { repo, commit, path, size, lfs }).read(0, size, signal)) {
    hash.update(chunk);
    if (fault !== null) continue;
    try {
      parsing.feed(chunk);
    } catch (error) {
      // It counts once the digest says that this is the file.
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

/** The index of a sharded checkpoint, with the entries that are asked for; undefined where there is none. */
export const readIndex = async (
  hub: HubConfig,
  source: SourceFacts,
  wanted: Wanted,
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
