import { floatWeights } from './layout-floats.js';
import { blockWeights } from './layout-blocks.js';
import { DOWN_META, EMBEDDINGS, GATE_VECTORS, ROUTER_WEIGHTS, TOKENIZER, inExpertServer } from './file-names.js';
import { INDEX_FILE } from './index-json.js';
import { writesWeights, type ExtractOptions, type VindexSlice } from './extract-options.js';
import { COPIED_FILES, matrixOf, type SourceModel } from './source-model.js';
import { FileWriter, wholeOf, type StoredTensor } from './stored-tensor.js';

/** One layer of `gate_vectors.bin`, as `index.json` lists it. */
export interface GateLayer {
  readonly layer: number;
  readonly features: number;
  readonly offset: number;
  readonly length: number;
  readonly experts: { readonly count: number; readonly features: number } | null;
}

/** The output of larql's weight writers: binary files, and the manifests that describe them. */
export interface WeightFiles {
  readonly files: readonly FileWriter[];
  /** The tensors of each manifest in its order, by the manifest's file name. */
  readonly manifests: ReadonlyMap<string, readonly StoredTensor[]>;
  /** The files of experts, by layer; empty unless the model is a hybrid. */
  readonly expertFiles: ReadonlyMap<number, string>;
}

/** The exact contents that a vindex of a source must have; all of it follows from the source's headers. */
export interface VindexLayout {
  readonly options: ExtractOptions;
  readonly slice: VindexSlice;
  readonly model: SourceModel;
  /** The size of every file; null for text, whose size is known only after the run. */
  readonly files: ReadonlyMap<string, number | null>;
  /** All files of the full vindex, which a slice's manifest and checksums still list. */
  readonly fullFiles: ReadonlySet<string>;
  readonly tensors: readonly StoredTensor[];
  readonly manifests: ReadonlyMap<string, readonly StoredTensor[]>;
  readonly gate: readonly GateLayer[];
  /** The number of features of each layer in `down_meta.bin`. */
  readonly downFeatures: readonly number[];
  readonly expertFiles: ReadonlyMap<number, string>;
}

const DOWN_META_HEADER = 16;

/**
 * Returns the bytes of one layer in `down_meta.bin`: a count, then a record per feature
 * (larql-vindex/src/format/down_meta.rs).
 */
export const downMetaLayer = (features: number, topK: number): number => 4 + features * (8 + 8 * topK);

export const downMetaSize = (features: readonly number[], topK: number): number =>
  features.reduce((sum, count) => sum + downMetaLayer(count, topK), DOWN_META_HEADER);

/**
 * Returns the feed-forward matrices whose rows or columns are features: the dense block's, also in a hybrid, otherwise
 * each expert's.
 */
const featureKeys = ({ architecture }: SourceModel, layer: number, which: 'gate' | 'down'): string[] => {
  const keys = architecture.layer(layer);
  if (architecture.experts === 0 || architecture.hybrid) return [keys[which]];
  return Array.from({ length: architecture.experts }, (_, index) => keys.expert?.(index)[which]).filter((key) => key !== undefined);
};

const layersOf = ({ config }: SourceModel): number[] => Array.from({ length: config.layers }, (_, layer) => layer);

const gateOf = (model: SourceModel, writer: FileWriter, format: 'F16' | 'F32'): GateLayer[] => {
  const perExpert = model.architecture.experts > 0 && !model.architecture.hybrid;
  return layersOf(model).flatMap((layer) => {
    const offset = writer.size;
    const written = featureKeys(model, layer, 'gate').flatMap((key) => {
      const tensor = matrixOf(model, key);
      return tensor === null ? [] : [writer.add(key, format, wholeOf(tensor)).source.rows];
    });
    if (written.length === 0) return [];
    const features = written.reduce((sum, rows) => sum + rows, 0);
    const experts = perExpert ? { count: model.architecture.experts, features: written.at(-1) ?? 0 } : null;
    return [{ layer, features, offset, length: writer.size - offset, experts }];
  });
};

const downFeaturesOf = (model: SourceModel): number[] =>
  layersOf(model).map((layer) => featureKeys(model, layer, 'down').reduce((sum, key) => sum + (matrixOf(model, key)?.shape[1] ?? 0), 0));

/**
 * Returns the layout of a full vindex. It lacks the tensors that larql would skip silently: `sourceProblems` reports them,
 * so call it first.
 */
export const fullLayout = (model: SourceModel, options: ExtractOptions): VindexLayout => {
  const format = options.dtype === 'f16' ? 'F16' : 'F32';
  const gateWriter = new FileWriter(GATE_VECTORS);
  const gate = gateOf(model, gateWriter, format);
  const embeddings = new FileWriter(EMBEDDINGS);
  const table = matrixOf(model, model.architecture.embeddings);
  if (table !== null) embeddings.add(model.architecture.embeddings, format, wholeOf(table));
  const routers = new FileWriter(ROUTER_WEIGHTS);
  for (const layer of model.architecture.experts > 0 ? layersOf(model) : []) {
    const { router } = model.architecture.layer(layer);
    const tensor = router === null ? null : matrixOf(model, router);
    if (router !== null && tensor !== null) routers.add(router, format, wholeOf(tensor));
  }
  const none: WeightFiles = { files: [], manifests: new Map(), expertFiles: new Map() };
  const weights = !writesWeights(options) ? none : options.quant === 'none' ? floatWeights(model, options) : blockWeights(model, options);
  const downFeatures = downFeaturesOf(model);
  const writers = [gateWriter, embeddings, ...(model.architecture.experts > 0 ? [routers] : []), ...weights.files];
  const files = new Map<string, number | null>([
    [INDEX_FILE, null],
    [TOKENIZER, null],
    ...COPIED_FILES.flatMap((path): [string, number][] => {
      const size = model.files.get(path);
      return size === undefined ? [] : [[path, size]];
    }),
    [DOWN_META, downMetaSize(downFeatures, options.downTopK)],
    ...writers.map(({ file, size }): [string, number] => [file, size]),
    ...[...weights.manifests.keys()].map((path): [string, null] => [path, null]),
  ]);
  return {
    options,
    slice: 'full',
    model,
    files,
    fullFiles: new Set(files.keys()),
    tensors: writers.flatMap(({ tensors }) => tensors),
    manifests: weights.manifests,
    gate,
    downFeatures,
    expertFiles: weights.expertFiles,
  };
};

/** Returns the part of a full vindex that `larql slice --preset expert-server` copies. */
export const expertServerLayout = (full: VindexLayout): VindexLayout => ({
  ...full,
  slice: 'expert-server',
  files: new Map([...full.files].filter(([path]) => inExpertServer(path))),
  tensors: full.tensors.filter(({ file }) => inExpertServer(file)),
  manifests: new Map([...full.manifests].filter(([path]) => inExpertServer(path))),
});

export const layoutOf = (model: SourceModel, options: ExtractOptions, slice: VindexSlice): VindexLayout => {
  const full = fullLayout(model, options);
  return slice === 'full' ? full : expertServerLayout(full);
};
