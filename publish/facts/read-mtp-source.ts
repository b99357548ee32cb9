import pMap from 'p-map';
import { readModelConfig, type ModelConfig } from '../../formats/mtp/model-config.js';
import { readMtpKey } from '../../formats/mtp/keys.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import { planMtpSidecar, type MtpSelection } from '../../formats/mtp/selection.js';
import type { SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { Hub } from '../../hub/hub.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts } from '../../plan/facts.js';
import { HeaderReader, HEADERS_IN_FLIGHT, readConfig, readIndex, readSourceJson, type TensorFilter } from './checkpoint-headers.js';

/** The file that ModelOpt writes beside a checkpoint that it quantised. */
export const MODEL_OPT_PATH = 'hf_quant_config.json';

/** Returns the files that may hold weights: those in the index, and every other safetensors file in the root. */
export const weightFiles = (source: SourceFacts, index: SafetensorsIndex | undefined): RepoFile[] => {
  return source.files.filter(
    (file) => index?.files.has(file.path) === true || (file.path.endsWith('.safetensors') && !file.path.includes('/')),
  );
};

/**
 * Selects the tensors of a model's MTP heads. A head with 384 experts, each with three matrices of three tensors, has
 * 3,456 expert tensors.
 */
export const headTensors = (model: ModelConfig): TensorFilter => ({ isWanted: (name) => readMtpKey(name, model) !== null, most: 20_000 });

/**
 * Reads config, index and headers by range and selects the MTP tensors. Reads no tensor data.
 *
 * @throws SwpError if a file breaks its format; the message names file, tensor and values
 */
export const readMtpSource = async (hub: Hub, source: SourceFacts, names: MtpNames, signal: AbortSignal): Promise<MtpSelection> => {
  const config = await readConfig(hub, source, signal);
  const modelOpt = await readSourceJson(hub, source, MODEL_OPT_PATH, signal);
  const model = readModelConfig(config, modelOpt);
  const wanted = headTensors(model);
  const index = await readIndex(hub, source, wanted, signal);
  const headers = new HeaderReader(hub, source, wanted, signal);
  const files = await pMap(weightFiles(source, index), (file) => headers.read(file), { concurrency: HEADERS_IN_FLIGHT, signal });
  return planMtpSidecar({ files, ...(index === undefined ? {} : { index }), config, modelOpt }, names);
};
