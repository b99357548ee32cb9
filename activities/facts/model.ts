import pMap from 'p-map';
import { readModelConfig } from '../../formats/mtp/config.js';
import { readMtpKey } from '../../formats/mtp/keys.js';
import { filesToRead } from '../../formats/vindex/source.js';
import type { HubConfig } from '../../hub/config.js';
import type { SourceFacts } from '../../plan/facts.js';
import type { CheckpointFacts } from '../../plan/proposal/facts.js';
import { HeaderReader, HEADERS_IN_FLIGHT, readConfig, readIndex, readSourceJson } from './checkpoint.js';
import { MODEL_OPT_PATH, weightFiles } from './mtp.js';

/**
 * Reads all that tells what a repository offers to publish: configs, index, and the headers of every weight file, by
 * range. No tensor data is read.
 *
 * @throws SwpError where a file breaks its format; the message names file, tensor and values
 */
export const readCheckpoint = async (hub: HubConfig, source: SourceFacts, signal: AbortSignal): Promise<CheckpointFacts> => {
  const config = await readConfig(hub, source, signal);
  const modelOpt = await readSourceJson(hub, source, MODEL_OPT_PATH, signal);
  const model = readModelConfig(config, modelOpt);
  const index = await readIndex(hub, source, (name) => readMtpKey(name, model) !== null, signal);
  const larqls = new Set(
    filesToRead(
      source.files.map(({ path }) => path),
      index?.files,
    ),
  );
  const heads = new Set(weightFiles(source, index));
  const wanted = source.files.filter((file) => heads.has(file) || (larqls.has(file.path) && file.path.endsWith('.safetensors')));
  const headers = new HeaderReader(hub, source, () => true, signal);
  const files = await pMap(wanted, (file) => headers.read(file), { concurrency: HEADERS_IN_FLIGHT, signal });
  return { source, config, modelOpt, index, files };
};
