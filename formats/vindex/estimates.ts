import { expertServerLayout, type VindexLayout } from './layout.js';
import { matrixOf, outputHeadOf, packedOf, type SourceModel } from './source-model.js';

/** Resource needs of an extraction, in bytes. Files of numbers are exact; text is a conservative estimate. */
export interface VindexEstimate {
  readonly output: number;
  readonly largestFile: { readonly path: string; readonly bytes: number };
  /** The size of the slice, which larql copies in full; null if the full vindex is published. */
  readonly slice: number | null;
  /** Peak resident memory, without the pages of the source and output, which the system may evict. */
  readonly memory: number;
}

/** Bytes of a manifest's entry with its indentation; measured at 150 to 240. */
const ENTRY_BYTES = 260;
const INDEX_BYTES = 8_192;
const INDEX_LAYER_BYTES = 160;

const F32 = 4;
/** Columns of logits that larql computes in one batch. */
const LOGIT_BATCH = 1_024;
/** Bytes per number in a block of Q4_K. */
const Q4_K_BYTES = 144 / 256;
/** Memory of the program, its tokenizer and its buffers. */
const BASE_BYTES = 256 * 2 ** 20;

const textSize = ({ model, manifests, gate }: VindexLayout, path: string): number => {
  // larql rewrites the tokenizer with indentation, which makes it up to 1.5 times as large.
  if (path === 'tokenizer.json') return Math.ceil((model.files.get(path) ?? 0) * 1.5);
  const entries = manifests.get(path);
  return entries === undefined ? INDEX_BYTES + gate.length * INDEX_LAYER_BYTES : entries.length * ENTRY_BYTES + 2;
};

const sizeOf = (layout: VindexLayout): number => {
  let sum = 0;
  for (const [path, size] of layout.files) sum += size ?? textSize(layout, path);
  return sum;
};

const elements = (shape: readonly number[] | undefined): number => shape?.reduce((product, length) => product * length, 1) ?? 0;

/** Returns the elements of the largest layer's down matrices, all experts together, which `down_meta` keeps in F32. */
const largestDown = (model: SourceModel): number => {
  const { architecture, config } = model;
  let largest = 0;
  for (let layer = 0; layer < config.layers; layer += 1) {
    const { down, expert } = architecture.layer(layer);
    const single = architecture.experts === 0 || architecture.hybrid || expert === null;
    const keys = single ? [down] : Array.from({ length: architecture.experts }, (_, index) => expert(index).down);
    largest = Math.max(
      largest,
      keys.reduce((sum, key) => sum + elements(matrixOf(model, key)?.shape), 0),
    );
  }
  return largest;
};

/** Returns the memory of one layer of packed experts: a copy of both tensors, all their blocks, and one expert in F32. */
const expertLayer = (model: SourceModel): number => {
  const { architecture } = model;
  const keys = architecture.layer(0).packed;
  if (keys === null || architecture.experts === 0) return 0;
  const count = elements(packedOf(model, keys.gateUp)?.shape) + elements(packedOf(model, keys.down)?.shape);
  return count * (2 + Q4_K_BYTES) + (count / architecture.experts) * F32 * 2;
};

/**
 * Returns the peak memory of `larql extract`. The embedding table stays in memory in F32 from its stage to the end. Each of
 * the following is added to it in turn: a copy of its whole words, a batch of logits and one layer's down matrices
 * (down_meta); the output head in F32, a padded copy, and its blocks; any other tensor in the same way; a layer of packed
 * experts.
 */
const peakMemory = (model: SourceModel): number => {
  const table = matrixOf(model, model.architecture.embeddings);
  const vocabulary = table?.shape[0] ?? 0;
  const embeddings = elements(table?.shape) * F32;
  const downMeta = embeddings + vocabulary * LOGIT_BATCH * F32 + largestDown(model) * F32;
  const ofTensor = (count: number): number => count * (2 * F32 + Q4_K_BYTES);
  const head = ofTensor(elements(outputHeadOf(model)?.shape));
  const { gate, q } = model.architecture.layer(0);
  const layer = ofTensor(Math.max(...[gate, q].map((key) => elements(matrixOf(model, key)?.shape)), largestDown(model)));
  return Math.ceil(BASE_BYTES + embeddings + Math.max(downMeta, head, layer, expertLayer(model)));
};

/** @param full the layout of the full vindex, which is extracted even if only a slice is published */
export const estimateVindex = (full: VindexLayout, slice: VindexLayout['slice']): VindexEstimate => {
  const sizes = [...full.files].map(([path, size]) => ({ path, bytes: size ?? textSize(full, path) }));
  const largestFile = sizes.reduce((largest, file) => (file.bytes > largest.bytes ? file : largest), { path: '', bytes: 0 });
  return {
    output: sizeOf(full),
    largestFile,
    slice: slice === 'full' ? null : sizeOf(expertServerLayout(full)),
    memory: peakMemory(full.model),
  };
};
