import { blockFileNames, layerFile, NORMS, PER_LAYER_EMBEDDINGS, WEIGHT_MANIFEST } from './file-names.js';
import { EXPERT_HEADER, EXPERT_OFFSETS } from './expert-file.js';
import type { WeightFiles } from './layout.js';
import type { ExtractOptions } from './extract-options.js';
import { matrixOf, outputHeadOf, packedOf, vectorOf, type SourceModel, type SourceTensor } from './source-model.js';
import { FileWriter, wholeOf, type SourceRows, type StoredTensor } from './stored-tensor.js';

const BF16_BYTES = 2;

/** Returns the rows of one expert of a packed tensor [experts, rows, columns]. */
const expertRows = (tensor: SourceTensor, expert: number): SourceRows => {
  const [, rows = 0, columns = 0] = tensor.shape;
  return { tensor, begin: expert * rows * columns * BF16_BYTES, rows, columns };
};

const expertFilesOf = (model: SourceModel): Map<number, FileWriter> => {
  const found = new Map<number, FileWriter>();
  for (let layer = 0; layer < model.config.layers; layer += 1) {
    const keys = model.architecture.layer(layer).packed;
    const gateUp = keys === null ? null : packedOf(model, keys.gateUp);
    const down = keys === null ? null : packedOf(model, keys.down);
    if (keys === null || gateUp === null || down === null) continue;
    const writer = new FileWriter(layerFile(layer), EXPERT_HEADER + model.architecture.experts * EXPERT_OFFSETS);
    for (let expert = 0; expert < model.architecture.experts; expert += 1) {
      writer.add(`${keys.gateUp}[${expert}]`, 'Q4_K', expertRows(gateUp, expert));
      writer.add(`${keys.down}[${expert}]`, 'Q4_K', expertRows(down, expert));
    }
    found.set(layer, writer);
  }
  return found;
};

const normsOf = (model: SourceModel): FileWriter => {
  const norms = new FileWriter(NORMS);
  const add = (key: string, tensor: SourceTensor | null): void => {
    if (tensor !== null) norms.add(key, 'F32', wholeOf(tensor), 'vector');
  };
  for (let layer = 0; layer < model.config.layers; layer += 1)
    for (const { key, flattened } of model.architecture.layer(layer).blockVectors)
      add(key, flattened ? matrixOf(model, key) : vectorOf(model, key));
  add('norm.weight', vectorOf(model, 'norm.weight'));
  if (model.config.perLayerEmbeddings) add('per_layer_projection_norm.weight', vectorOf(model, 'per_layer_projection_norm.weight'));
  return norms;
};

/**
 * Lays out the per-layer embeddings of Gemma 4 E2B and E4B, which are stored as F16 because blocks lose too much
 * precision.
 */
const perLayerEmbeddings = (model: SourceModel): FileWriter => {
  const writer = new FileWriter(PER_LAYER_EMBEDDINGS);
  const layers = Array.from({ length: model.config.layers }, (_, layer) =>
    ['per_layer_input_gate', 'per_layer_projection'].map((name) => `layers.${layer}.${name}.weight`),
  );
  for (const key of ['per_layer_model_projection.weight', 'embed_tokens_per_layer.weight', ...layers.flat()]) {
    const tensor = matrixOf(model, key);
    if (tensor !== null) writer.add(key, 'F16', wholeOf(tensor), 'tensor_f16');
  }
  return writer;
};

/** Lays out the weights at quant q4k, in the order of larql-vindex/src/format/weights/write_q4k/. */
export const blockWeights = (model: SourceModel, { names }: ExtractOptions): WeightFiles => {
  const { architecture, config } = model;
  const paths = blockFileNames(names);
  const attention = new FileWriter(paths.attention);
  const interleaved = new FileWriter(paths.interleaved);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const keys = architecture.layer(layer);
    const k = matrixOf(model, keys.k);
    const v = matrixOf(model, keys.v) ?? (architecture.valuesAreKeys(layer) ? k : null);
    for (const [key, tensor, format] of [
      [keys.q, matrixOf(model, keys.q), 'Q4_K'],
      [keys.k, k, 'Q4_K'],
      [keys.v, v, 'Q6_K'],
      [keys.o, matrixOf(model, keys.o), 'Q4_K'],
    ] as const)
      if (tensor !== null) attention.add(key, format, wholeOf(tensor));
    for (const [key, format] of [
      [keys.gate, 'Q4_K'],
      [keys.up, 'Q4_K'],
      [keys.down, 'Q6_K'],
    ] as const) {
      const tensor = matrixOf(model, key);
      if (tensor !== null) interleaved.add(key, format, wholeOf(tensor));
    }
  }
  const experts = expertFilesOf(model);
  const norms = normsOf(model);
  const embeddings = config.perLayerEmbeddings ? [perLayerEmbeddings(model)] : [];
  const head = outputHeadOf(model);
  const heads = head === null ? [] : [new FileWriter(paths.outputHead)];
  for (const writer of heads) if (head !== null) writer.add('lm_head.weight', 'Q4_K', wholeOf(head), 'tensor_q4k');
  const listed = [norms, ...embeddings, ...heads].flatMap(({ tensors }): StoredTensor[] => tensors);
  return {
    files: [attention, interleaved, ...experts.values(), norms, ...embeddings, ...heads],
    manifests: new Map([
      [paths.attentionManifest, attention.tensors],
      [paths.interleavedManifest, interleaved.tensors],
      [WEIGHT_MANIFEST, listed],
    ]),
    expertFiles: new Map([...experts].map(([layer, { file }]) => [layer, file])),
  };
};
