import pMap from 'p-map';
import { readModelConfig } from '../../formats/mtp/model-config.js';
import { filesToRead } from '../../formats/vindex/source-model.js';
import type { Hub } from '../../hub/hub.js';
import type { SourceFacts } from '../../plan/facts.js';
import type { CheckpointFacts } from '../../plan/proposal/model-facts.js';
import { allTensors, HeaderReader, HEADERS_IN_FLIGHT, readConfig, readIndex, readSourceJson } from './checkpoint-headers.js';
import { headTensors, MODEL_OPT_PATH, weightFiles } from './read-mtp-source.js';

/** 60 layers of 384 experts, each with three matrices of three tensors, are 207,360 (Kimi K2 in INT4). */
const MAX_TENSORS = 250_000;

/**
 * Reads everything that shows which artifacts a repository offers: configs, index, and the headers of every weight file, by
 * range. Reads no tensor data.
 *
 * @throws SwpError if a file breaks its format; the message names file, tensor and values
 */
export const readCheckpoint = async (hub: Hub, source: SourceFacts, signal: AbortSignal): Promise<CheckpointFacts> => {
  const config = await readConfig(hub, source, signal);
  const modelOpt = await readSourceJson(hub, source, MODEL_OPT_PATH, signal);
  const model = readModelConfig(config, modelOpt);
  const index = await readIndex(hub, source, headTensors(model), signal);
  const larqlFiles = new Set(
    filesToRead(
      source.files.map(({ path }) => path),
      index?.files,
    ),
  );
  const headFiles = new Set(weightFiles(source, index));
  const wanted = source.files.filter((file) => headFiles.has(file) || (larqlFiles.has(file.path) && file.path.endsWith('.safetensors')));
  const headers = new HeaderReader(hub, source, allTensors(MAX_TENSORS), signal);
  const files = await pMap(wanted, (file) => headers.read(file), { concurrency: HEADERS_IN_FLIGHT, signal });
  return { source, config, modelOpt, index, files };
};
