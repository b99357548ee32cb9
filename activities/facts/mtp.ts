import { buffer } from 'node:stream/consumers';
import pMap from 'p-map';
import { SwpError } from '../../core/error.js';
import { headerSize, parseHeader, type SafetensorsHeader } from '../../formats/safetensors/header.js';
import { parseIndex, type SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import { planMtpSidecar, type MtpSelection } from '../../formats/mtp/selection.js';
import type { HubConfig } from '../../hub/config.js';
import { readSmallFile } from '../../hub/read/file.js';
import { openFile } from '../../hub/read/range.js';
import type { FileFacts, SourceFacts } from '../../plan/facts.js';

const INDEX_PATH = 'model.safetensors.index.json';
const CONFIG_PATH = 'config.json';
/** What ModelOpt writes beside a checkpoint that it quantised. */
const MODEL_OPT_PATH = 'hf_quant_config.json';
const CONFIG_LIMIT = 4 * 1024 * 1024;
const INDEX_LIMIT = 256 * 1024 * 1024;
const HEADERS_IN_FLIGHT = 6;
const LENGTH_PREFIX = 8;
/** Most headers fit in this first read. */
const FIRST_READ = 100_000;

const readHeader = async (hub: HubConfig, source: SourceFacts, file: FileFacts, signal: AbortSignal): Promise<SafetensorsHeader> => {
  const reader = openFile(hub, { repo: source.repo, commit: source.commit, path: file.path, size: file.size, lfs: file.lfs });
  const first = await buffer(reader.read(0, Math.min(file.size, FIRST_READ), signal));
  const end = LENGTH_PREFIX + headerSize(first.subarray(0, LENGTH_PREFIX), file.size);
  const rest = end > first.length ? await buffer(reader.read(first.length, end, signal)) : Buffer.alloc(0);
  return parseHeader(Buffer.concat([first, rest]).subarray(LENGTH_PREFIX, end), file.size);
};

const readText = async (
  hub: HubConfig,
  source: SourceFacts,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string | null> => {
  const file = source.files.find((found) => found.path === path);
  if (file === undefined) return null;
  const bytes = await readSmallFile(hub, { repo: source.repo, commit: source.commit, path, maxBytes, file }, { signal });
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
};

const parseJson = (text: string | null, path: string): unknown => {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SwpError('invalid', 'facts/bad-json', `${path} is not JSON.`, { cause });
  }
};

/** The safetensors files that may hold weights: those of the index, and every other one in the root. */
const weightFiles = (source: SourceFacts, index: SafetensorsIndex | undefined): FileFacts[] => {
  const named = new Set(index === undefined ? [] : index.weightMap.values());
  return source.files.filter((file) => named.has(file.path) || (file.path.endsWith('.safetensors') && !file.path.includes('/')));
};

/**
 * Reads config, index and headers by range and selects the MTP tensors. No tensor data is read.
 *
 * @throws SwpError where a file breaks its format; the message names file, tensor and values
 */
export const readMtpSource = async (hub: HubConfig, source: SourceFacts, names: MtpNames, signal: AbortSignal): Promise<MtpSelection> => {
  const config = parseJson(await readText(hub, source, CONFIG_PATH, CONFIG_LIMIT, signal), CONFIG_PATH);
  const modelOpt = parseJson(await readText(hub, source, MODEL_OPT_PATH, CONFIG_LIMIT, signal), MODEL_OPT_PATH);
  const indexText = await readText(hub, source, INDEX_PATH, INDEX_LIMIT, signal);
  const index = indexText === null ? undefined : parseIndex(indexText);
  const files = await pMap(
    weightFiles(source, index),
    async (file) => {
      try {
        return { path: file.path, size: file.size, header: await readHeader(hub, source, file, signal) };
      } catch (error) {
        if (error instanceof SwpError && !error.transient)
          throw new SwpError(error.kind, error.code, `${source.repo}: ${file.path}: ${error.message}`, {
            cause: error.cause,
            ...(error.hint === undefined ? {} : { hint: error.hint }),
          });
        throw error;
      }
    },
    { concurrency: HEADERS_IN_FLIGHT, signal },
  );
  return planMtpSidecar({ files, ...(index === undefined ? {} : { index }), config, modelOpt }, names);
};
