import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Matrix } from '../numbers/blocks.js';
import { FEED_FORWARD } from '../source/architecture.js';
import type { Checkpoint } from './checkpoint.js';
import { encodeFloats, layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';
import type { LayerInfo } from './index-json.js';

const FILE = 'gate_vectors.bin';

/** Returns the gate matrices of a layer: the dense matrix, or one per expert. */
const gatesOf = ({ tensors, architecture: { experts }, config }: Extraction, layer: number): Matrix[] => {
  const names =
    experts === null || experts.hybrid ? [FEED_FORWARD.gate] : Array.from({ length: config.experts }, (_, at) => experts.expert(at).gate);
  return names.map((name) => tensors.matrix(layerKey(layer, name))).filter((matrix) => matrix !== null);
};

/** Writes `gate_vectors.bin`; returns the position of each layer in it. Omits layers without gates. */
export const writeGateVectors = async (extraction: Extraction, checkpoint: Checkpoint): Promise<LayerInfo[]> => {
  const { options, progress, config, architecture } = extraction;
  await progress.stage('gate_vectors');
  const restored = checkpoint.gateLayers;
  if (restored !== null) {
    progress.say(`  Skipping gate phase (${restored.length} layer infos restored from checkpoint; reusing existing ${FILE})`);
    progress.stageDone();
    return restored;
  }
  const separate = architecture.experts?.hybrid === false;
  const file = new OutputFile(options.output, FILE);
  const layers: LayerInfo[] = [];
  let offset = 0;
  for (const layer of layerNumbers(extraction)) {
    const since = performance.now();
    const gates = gatesOf(extraction, layer);
    const bytes = gates.map(({ values }) => encodeFloats(values, options.dtype));
    if (!options.dropsGate) for (const part of bytes) file.append(part);
    const length = bytes.reduce((sum, part) => sum + part.byteLength, 0);
    const features = gates.reduce((sum, { rows }) => sum + rows, 0);
    if (features > 0)
      layers.push({
        layer,
        num_features: features,
        offset,
        length,
        ...(separate ? { num_experts: config.experts, num_features_per_expert: gates.at(-1)?.rows ?? 0 } : {}),
      });
    offset += length;
    await progress.layerDone('gate', layer, since);
  }
  file.close();
  if (options.dropsGate) rmSync(join(options.output, FILE));
  progress.stageDone();
  checkpoint.finish('gate', layers);
  return layers;
};
