import { ATTENTION, DOWN_WEIGHTS, NORMS, OUTPUT_HEAD, UP_WEIGHTS, WEIGHT_MANIFEST } from './file-names.js';
import type { WeightFiles } from './layout.js';
import { writesFeedForward, type ExtractOptions } from './extract-options.js';
import { matrixOf, outputHeadOf, vectorOf, type SourceModel } from './source-model.js';
import { FileWriter, wholeOf, type StoredTensor } from './stored-tensor.js';

/** Lays out the weights at quant none, in the order of larql-vindex/src/format/weights/write_f32.rs. */
export const floatWeights = (model: SourceModel, options: ExtractOptions): WeightFiles => {
  const { architecture, config } = model;
  const format = options.dtype === 'f16' ? 'F16' : 'F32';
  const manifest: StoredTensor[] = [];
  const matrix = (writer: FileWriter, key: string): void => {
    const tensor = matrixOf(model, key);
    if (tensor !== null) manifest.push(writer.add(key, format, wholeOf(tensor)));
  };
  const vector = (writer: FileWriter, key: string): void => {
    const tensor = vectorOf(model, key);
    if (tensor !== null) manifest.push(writer.add(key, format, wholeOf(tensor), 'vector'));
  };
  const layers = Array.from({ length: config.layers }, (_, layer) => architecture.layer(layer));
  const attention = new FileWriter(ATTENTION);
  for (const keys of layers) {
    for (const key of [keys.q, keys.k, keys.v, keys.o]) matrix(attention, key);
    for (const key of keys.queryKeyNorms) vector(attention, key);
  }
  const up = new FileWriter(UP_WEIGHTS);
  const down = new FileWriter(DOWN_WEIGHTS);
  const feedForward = writesFeedForward(options);
  for (const keys of feedForward ? layers : []) {
    for (let index = 0; index < architecture.experts && keys.expert !== null; index += 1) {
      const expert = keys.expert(index);
      matrix(up, expert.up);
      matrix(down, expert.down);
    }
    if (architecture.experts === 0) {
      matrix(up, keys.up);
      matrix(down, keys.down);
    } else if (keys.router !== null) matrix(up, keys.router);
  }
  const norms = new FileWriter(NORMS);
  for (const keys of layers) for (const key of keys.floatVectors) vector(norms, key);
  vector(norms, 'norm.weight');
  const head = feedForward ? outputHeadOf(model) : null;
  const heads = head === null ? [] : [new FileWriter(OUTPUT_HEAD)];
  for (const writer of heads) if (head !== null) manifest.push(writer.add('lm_head.weight', format, wholeOf(head)));
  return {
    files: [attention, ...(feedForward ? [up, down] : []), norms, ...heads],
    manifests: new Map([[WEIGHT_MANIFEST, manifest]]),
    expertFiles: new Map(),
  };
};
