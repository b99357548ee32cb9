import { buffer } from 'node:stream/consumers';
import { Semaphore } from 'async-mutex';
import { SwpError } from '../../core/error.js';
import { headerSize, LENGTH_PREFIX, openHeader, type SafetensorsHeader } from '../../formats/safetensors/header.js';
import { openIndex, type SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { CheckpointFile } from '../../formats/mtp/selection.js';
import type { HubConfig } from '../../hub/config.js';
import { readSmallFile } from '../../hub/read/file.js';
import { openFile } from '../../hub/read/range.js';
import type { FileFacts, SourceFacts } from '../../plan/facts.js';

export const INDEX_PATH = 'model.safetensors.index.json';
export const CONFIG_PATH = 'config.json';
const CONFIG_LIMIT = 4 * 1024 * 1024;
const INDEX_LIMIT = 128 * 1024 * 1024;
export const HEADERS_IN_FLIGHT = 6;
/** Most headers fit in this first read. */
const FIRST_READ = 100_000;
/** Headers in flight, in MiB; one that is larger is read alone. The semaphore counts units one by one. */
const HEADER_ROOM = 64;
const MIB = 1024 * 1024;
/** Tensors that are kept of one checkpoint; published ones have some thousands, with one for each expert a hundred thousand. */
const MAX_TENSORS = 250_000;

export type Keep = (name: string) => boolean;

/** Reads headers by range, keeping the entries that are asked for. */
export class HeaderReader {
  private readonly room = new Semaphore(HEADER_ROOM);
  private kept = 0;

  constructor(
    private readonly hub: HubConfig,
    private readonly source: SourceFacts,
    private readonly keep: Keep,
    private readonly signal: AbortSignal,
  ) {}

  async read(file: FileFacts): Promise<CheckpointFile> {
    const { path, size } = file;
    const { repo, commit } = this.source;
    try {
      const reader = openFile(this.hub, { repo, commit, path, size, lfs: file.lfs });
      const first = await buffer(reader.read(0, Math.min(size, FIRST_READ), this.signal));
      const bytes = headerSize(first.subarray(0, LENGTH_PREFIX), size);
      const parse = async (): Promise<SafetensorsHeader> => {
        const parsing = openHeader(bytes, size, (name) => this.keep(name) && this.count());
        const end = LENGTH_PREFIX + bytes;
        parsing.feed(first.subarray(LENGTH_PREFIX, end));
        if (end > first.length) for await (const chunk of reader.read(first.length, end, this.signal)) parsing.feed(chunk);
        return parsing.end();
      };
      const header = await this.room.runExclusive(parse, Math.min(Math.ceil(bytes / MIB), HEADER_ROOM));
      return { path, size, header };
    } catch (error) {
      if (!(error instanceof SwpError) || error.transient) throw error;
      throw new SwpError(error.kind, error.code, `${repo}: ${path}: ${error.message}`, {
        cause: error.cause,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }

  private count(): true {
    this.kept += 1;
    if (this.kept > MAX_TENSORS)
      throw new SwpError('integrity', 'formats/tensor-count', `The checkpoint has more than ${MAX_TENSORS} tensors that matter.`);
    return true;
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

/** The index of a sharded checkpoint, with the entries that are asked for; undefined where there is none. */
export const readIndex = async (
  hub: HubConfig,
  source: SourceFacts,
  keep: Keep,
  signal: AbortSignal,
): Promise<SafetensorsIndex | undefined> => {
  const bytes = await readWhole(hub, source, INDEX_PATH, INDEX_LIMIT, signal);
  if (bytes === null) return undefined;
  const parsing = openIndex(keep);
  parsing.feed(bytes);
  return parsing.end();
};
