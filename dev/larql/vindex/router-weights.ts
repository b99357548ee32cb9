import { encodeFloats, layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';

/** Writes `router_weights.bin` of a model with experts: each layer's router, followed by its bias. */
export const writeRouterWeights = async (extraction: Extraction): Promise<void> => {
  const { architecture, tensors, options, progress } = extraction;
  if (architecture.experts === null) return;
  await progress.stage('router_weights');
  const file = new OutputFile(options.output, 'router_weights.bin');
  for (const layer of layerNumbers(extraction)) {
    const key = layerKey(layer, architecture.experts.router);
    for (const name of [key, key.replace('.weight', '.bias')]) {
      const matrix = tensors.matrix(name);
      if (matrix !== null) file.append(encodeFloats(matrix.values, options.dtype));
    }
  }
  file.close();
  progress.stageDone();
};
