import { layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';
import { appendFloats, type WeightEntry } from './manifest.js';

/** Writes `norms.bin` for quantised weights. It is always F32, and also contains the routers of a hybrid. */
export const writeQuantisedNorms = (extraction: Extraction): WeightEntry[] => {
  const { options, architecture, tensors } = extraction;
  const { norms, headNorms, scalar, expertVectors, experts } = architecture;
  const file = new OutputFile(options.output, 'norms.bin');
  const entries: WeightEntry[] = [];
  const append = (key: string, values: Float32Array | undefined | null): void => {
    if (values) entries.push(appendFloats(file, 'f32', { key, kind: 'vector', shape: [values.length], values }));
  };
  for (const layer of layerNumbers(extraction)) {
    for (const name of [...norms, ...headNorms, ...(scalar === null ? [] : [scalar])])
      append(layerKey(layer, name), tensors.vector(layerKey(layer, name)));
    if (experts?.hybrid !== true) continue;
    append(layerKey(layer, experts.router), tensors.matrix(layerKey(layer, experts.router))?.values);
    for (const name of expertVectors) append(layerKey(layer, name), tensors.vector(layerKey(layer, name)));
  }
  append('norm.weight', tensors.vector('norm.weight'));
  file.close();
  return entries;
};
