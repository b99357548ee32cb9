import type { Dtype } from '../dtype.js';
import { writesFeedForward, writesWeights, type ExtractOptions } from './extract-options.js';
import { isReadable, matrixOf, packedOf, vectorOf, type SourceModel, type SourceTensor } from './source-model.js';

/**
 * A tensor that a complete vindex needs but larql would not read; `dtype` is null if it does not exist or its dtype is
 * not the reason.
 */
export interface Unmet {
  readonly key: string;
  readonly dtype: Dtype | null;
}

interface Need {
  readonly key: string;
  readonly as: 'matrix' | 'vector' | 'packed';
}

const READ = { matrix: matrixOf, vector: vectorOf, packed: packedOf };

/** The names in quantised checkpoints for `weight` (GPTQ and AWQ, compressed-tensors). */
const PACKED_NAMES = ['qweight', 'weight_packed'];

const matrices = (keys: readonly string[]): Need[] => keys.map((key) => ({ key, as: 'matrix' }));

/** Returns the needs of a layer's attention; a layer that reuses the keys and values of an earlier one may lack its own. */
const attentionNeeds = ({ config, architecture }: SourceModel, layer: number): Need[] => {
  const keys = architecture.layer(layer);
  const reusesKeyValues = layer >= config.layers - config.sharedKeyValueLayers;
  return [
    ...matrices([keys.q, keys.o]),
    ...(reusesKeyValues ? [] : matrices([keys.k, ...(architecture.valuesAreKeys(layer) ? [] : [keys.v])])),
    { key: keys.inputNorm, as: 'vector' },
    { key: keys.attentionNorm, as: 'vector' },
  ];
};

const feedForwardNeeds = ({ architecture }: SourceModel, layer: number, quant: ExtractOptions['quant']): Need[] => {
  const keys = architecture.layer(layer);
  const routing = keys.router === null ? [] : matrices([keys.router]);
  if (architecture.experts === 0 || architecture.hybrid) {
    const packed = quant === 'q4k' && keys.packed !== null ? [keys.packed.gateUp, keys.packed.down] : [];
    return [...matrices([keys.gate, keys.up, keys.down]), ...routing, ...packed.map((key): Need => ({ key, as: 'packed' }))];
  }
  if (keys.expert === null) return routing;
  const experts = Array.from({ length: architecture.experts }, (_, index) => keys.expert?.(index));
  return [...routing, ...experts.flatMap((expert) => (expert === undefined ? [] : matrices([expert.gate, expert.up, expert.down])))];
};

const needsOf = (model: SourceModel, options: ExtractOptions): Need[] => {
  const { architecture, config, tensors } = model;
  const layers = Array.from({ length: config.layers }, (_, layer) => layer);
  const weights = writesWeights(options);
  return [
    ...matrices([architecture.embeddings]),
    ...layers.flatMap((layer) => [...(weights ? attentionNeeds(model, layer) : []), ...feedForwardNeeds(model, layer, options.quant)]),
    ...(weights ? [{ key: 'norm.weight', as: 'vector' as const }] : []),
    // A missing output head may be tied to the embeddings; an existing one must be read.
    ...(tensors.has('lm_head.weight') && writesFeedForward(options) ? matrices(['lm_head.weight']) : []),
    ...optionalVectors(model, options),
  ];
};

/** Returns the vectors that not every checkpoint has, but that larql must read if they exist: it skips one of rank 0. */
const optionalVectors = ({ architecture, config, tensors }: SourceModel, { quant }: ExtractOptions): Need[] =>
  quant === 'none'
    ? []
    : Array.from({ length: config.layers }, (_, layer) => architecture.layer(layer).blockVectors)
        .flat()
        .filter(({ key }) => tensors.has(key))
        .map(({ key, flattened }) => ({ key, as: flattened ? 'matrix' : 'vector' }));

/** Returns the tensor in which a quantised checkpoint stores the weight that larql looks up under this key. */
const quantisedUnder = (tensors: ReadonlyMap<string, SourceTensor>, key: string): SourceTensor | undefined =>
  key.endsWith('.weight')
    ? PACKED_NAMES.map((name) => tensors.get(key.replace(/weight$/, name))).find((found) => found !== undefined)
    : undefined;

/** Returns the tensors that a complete vindex needs but larql would skip. */
export const unmetNeeds = (model: SourceModel, options: ExtractOptions): Unmet[] => {
  const unmet = new Map<string, Unmet>();
  for (const { key, as } of needsOf(model, options)) {
    if (READ[as](model, key) !== null) continue;
    const found = model.tensors.get(key) ?? quantisedUnder(model.tensors, key);
    unmet.set(key, { key, dtype: found === undefined || (as !== 'packed' && isReadable(found)) ? null : found.dtype });
  }
  return [...unmet.values()];
};

export interface LeftOut {
  /** Names inside a layer, each with the number of layers that have it: `self_attn.q_proj.bias (28)`. */
  readonly vectors: readonly string[];
  /** Without one of these, a part of the model is missing, for example a shared expert. */
  readonly matrices: readonly string[];
}

/** Returns the tensors inside the layers that larql does not store. */
export const leftOut = (model: SourceModel, options: ExtractOptions): LeftOut => {
  if (!writesWeights(options) || model.kind === 'mla') return { vectors: [], matrices: [] };
  const { architecture, config, tensors } = model;
  const stored = new Set<string>();
  for (let layer = 0; layer < config.layers; layer += 1) {
    const { q, k, v, o, gate, up, down, blockVectors, floatVectors, queryKeyNorms, router, packed } = architecture.layer(layer);
    const vectors = [...blockVectors.map(({ key }) => key), ...floatVectors, ...queryKeyNorms];
    for (const key of [q, k, v, o, gate, up, down, ...vectors, router ?? '', packed?.gateUp ?? '', packed?.down ?? '']) stored.add(key);
    for (const name of config.perLayerEmbeddings ? ['per_layer_input_gate', 'per_layer_projection'] : [])
      stored.add(`layers.${layer}.${name}.weight`);
  }
  const counts = { vectors: new Map<string, number>(), matrices: new Map<string, number>() };
  for (const [key, { shape }] of tensors) {
    const [, layer, rest] = /^layers\.(\d+)\.(.+)$/.exec(key) ?? [];
    if (layer === undefined || rest === undefined || Number(layer) >= config.layers || stored.has(key)) continue;
    // Skips computed buffers, and experts and companions of quantised weights, which have their own checks.
    if (/inv_freq$|(?:^|\.)experts\.|\.(?:scales|biases|qweight|qzeros|g_idx|weight_\w+)$/.test(rest)) continue;
    const list = counts[shape.length > 1 ? 'matrices' : 'vectors'];
    list.set(rest, (list.get(rest) ?? 0) + 1);
  }
  const listed = (list: ReadonlyMap<string, number>): string[] => [...list].map(([rest, count]) => `${rest} (${count})`);
  return { vectors: listed(counts.vectors), matrices: listed(counts.matrices) };
};
