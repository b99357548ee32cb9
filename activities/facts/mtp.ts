import { buffer } from 'node:stream/consumers';
import { Semaphore } from 'async-mutex';
import pMap from 'p-map';
import { SwpError } from '../../core/error.js';
import { readModelConfig } from '../../formats/mtp/config.js';
import { readMtpKey } from '../../formats/mtp/keys.js';
import { headerSize, LENGTH_PREFIX, openHeader, type SafetensorsHeader } from '../../formats/safetensors/header.js';
import { openIndex, type SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import { planMtpSidecar, type CheckpointFile, type MtpSelection } from '../../formats/mtp/selection.js';
import type { HubConfig } from '../../hub/config.js';
import { readSmallFile } from '../../hub/read/file.js';
import { openFile } from '../../hub/read/range.js';
import type { FileFacts, SourceFacts } from '../../plan/facts.js';

const INDEX_PATH = 'model.safetensors.index.json';
const CONFIG_PATH = 'config.json';
/** What ModelOpt writes beside a checkpoint that it quantised. */
const MODEL_OPT_PATH = 'hf_quant_config.json';
const CONFIG_LIMIT = 4 * 1024 * 1024;
const INDEX_LIMIT = 128 * 1024 * 1024;
const HEADERS_IN_FLIGHT = 6;
/** Most headers fit in this first read. */
const FIRST_READ = 100_000;
/** Headers in flight, in MiB; one that is larger is read alone. The semaphore counts units one by one. */
const HEADER_ROOM = 64;
const MIB = 1024 * 1024;
/** Tensors of the heads of one checkpoint; published ones have some thousands. */
const MAX_HEAD_TENSORS = 250_000;

type Keep = (name: string) => boolean;

/** Reads headers by range, keeping the entries that are asked for. */
class HeaderReader {
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
    if (this.kept > MAX_HEAD_TENSORS)
      throw new SwpError('integrity', 'formats/tensor-count', `The heads have more than ${MAX_HEAD_TENSORS} tensors.`);
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

const readIndex = (bytes: Uint8Array | null, keep: Keep): SafetensorsIndex | undefined => {
  if (bytes === null) return undefined;
  const parsing = openIndex(keep);
  parsing.feed(bytes);
  return parsing.end();
};

/** The safetensors files that may hold weights: those of the index, and every other one in the root. */
const weightFiles = (source: SourceFacts, index: SafetensorsIndex | undefined): FileFacts[] => {
  return source.files.filter(
    (file) => index?.files.has(file.path) === true || (file.path.endsWith('.safetensors') && !file.path.includes('/')),
  );
};

/**
 * Reads config, index and headers by range and selects the MTP tensors. No tensor data is read.
 *
 * @throws SwpError where a file breaks its format; the message names file, tensor and values
 */
export const readMtpSource = async (hub: HubConfig, source: SourceFacts, names: MtpNames, signal: AbortSignal): Promise<MtpSelection> => {
  const config = parseJson(await readWhole(hub, source, CONFIG_PATH, CONFIG_LIMIT, signal), CONFIG_PATH);
  const modelOpt = parseJson(await readWhole(hub, source, MODEL_OPT_PATH, CONFIG_LIMIT, signal), MODEL_OPT_PATH);
  const model = readModelConfig(config, modelOpt);
  const keep: Keep = (name) => readMtpKey(name, model) !== null;
  const index = readIndex(await readWhole(hub, source, INDEX_PATH, INDEX_LIMIT, signal), keep);
  const headers = new HeaderReader(hub, source, keep, signal);
  const files = await pMap(weightFiles(source, index), (file) => headers.read(file), { concurrency: HEADERS_IN_FLIGHT, signal });
  return planMtpSidecar({ files, ...(index === undefined ? {} : { index }), config, modelOpt }, names);
};
