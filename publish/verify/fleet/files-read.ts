import { readModelConfig } from '../../../formats/mtp/model-config.js';
import { filesToRead } from '../../../formats/vindex/source-model.js';
import type { Hub } from '../../../hub/hub.js';
import type { RepoFile } from '../../../hub/repo-file.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { licenseFiles } from '../../../plan/licenses.js';
import { isMirrored } from '../../../plan/plan-vision.js';
import type { ArtifactKind } from '../../../core/ids.js';
import { CONFIG_PATH, INDEX_PATH, NO_TENSORS, readConfig, readIndex, readSourceJson } from '../../facts/checkpoint-headers.js';
import { headTensors, MODEL_OPT_PATH } from '../../facts/read-mtp-source.js';

type ReadFiles = (hub: Hub, source: SourceFacts, signal: AbortSignal) => Promise<readonly string[]> | readonly string[];

const vindexFiles: ReadFiles = async (hub, source, signal) => {
  const index = await readIndex(hub, source, NO_TENSORS, signal);
  return filesToRead(
    source.files.map(({ path }) => path),
    index?.files,
  );
};

/**
 * Returns the config and index files, and the files that may hold MTP heads: those to which the index maps heads, and
 * safetensors files in the root that the index does not list. Without an index, these are all safetensors files in the
 * root.
 */
const mtpFiles: ReadFiles = async (hub, source, signal) => {
  const model = readModelConfig(await readConfig(hub, source, signal), await readSourceJson(hub, source, MODEL_OPT_PATH, signal));
  const index = await readIndex(hub, source, headTensors(model), signal);
  const named = new Set(index?.weightMap.values());
  const weights = source.files
    .map(({ path }) => path)
    .filter((path) => named.has(path) || (index?.files.has(path) !== true && /^[^/]+\.safetensors$/.test(path)));
  return [CONFIG_PATH, MODEL_OPT_PATH, INDEX_PATH, ...weights];
};

const FILE_SELECTORS: Readonly<Record<ArtifactKind, ReadFiles>> = {
  vindex: vindexFiles,
  mtp: mtpFiles,
  vision: (_hub, { files }) => files.map(({ path }) => path).filter(isMirrored),
};

/**
 * Returns the files of a source that determine a publish: those that its recipe reads, and the license texts that it
 * copies.
 */
export const filesRead = async (hub: Hub, kind: ArtifactKind, source: SourceFacts, signal: AbortSignal): Promise<RepoFile[]> => {
  const licenses = kind === 'vision' ? [] : licenseFiles(source).map(({ path }) => path);
  const paths = new Set([...(await FILE_SELECTORS[kind](hub, source, signal)), ...licenses]);
  return source.files.filter(({ path }) => paths.has(path));
};
