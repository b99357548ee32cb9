import { compareBytes } from '../../core/text.js';
import type { Dtype } from '../dtype.js';
import type { TensorInfo } from '../safetensors/header.js';
import { architectureOf, normalizeKey, type Architecture } from './architecture.js';
import { readLarqlConfig, type LarqlConfig } from './larql-config.js';

/** A file of the source; `tensors` is set if its header was read. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly tensors?: readonly TensorInfo[];
}

export interface SourceTensor extends TensorInfo {
  readonly file: string;
}

/**
 * The classification of a model for larql. `dense`: one feed-forward block per layer. `moe`: experts instead of it.
 * `hybrid`: packed experts in addition to it (Gemma 4). `mla`: multi-head latent attention, which larql cannot extract.
 */
export type ModelKind = 'dense' | 'moe' | 'hybrid' | 'mla';

/** A checkpoint as larql sees it. */
export interface SourceModel {
  readonly config: LarqlConfig;
  readonly architecture: Architecture;
  readonly kind: ModelKind;
  /** The tensors by larql's keys. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /** Keys that more than one tensor claims. If both are in one file, larql uses either of them by chance. */
  readonly copies: ReadonlyMap<string, 'across files' | 'in one file'>;
  /** The sizes of all files that larql reads. */
  readonly files: ReadonlyMap<string, number>;
}

/** larql copies these files in addition to the tokenizer if the source has them (larql-cli extract_index_cmd.rs). */
export const COPIED_FILES = ['tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'chat_template.jinja'] as const;

const READABLE: readonly Dtype[] = ['F32', 'F16', 'BF16'];

/** Returns true for a dtype that larql decodes; it silently skips tensors of any other dtype. */
export const isReadable = ({ dtype }: Pick<TensorInfo, 'dtype'>): boolean => READABLE.includes(dtype);

/** Returns a matrix that larql accepts: readable and of rank 2. */
export const matrixOf = ({ tensors }: SourceModel, key: string): SourceTensor | null => {
  const tensor = tensors.get(key);
  return tensor !== undefined && isReadable(tensor) && tensor.shape.length === 2 ? tensor : null;
};

/** Returns a vector that larql accepts: readable and of rank 1; a scalar of rank 0 is not a vector. */
export const vectorOf = ({ tensors }: SourceModel, key: string): SourceTensor | null => {
  const tensor = tensors.get(key);
  return tensor !== undefined && isReadable(tensor) && tensor.shape.length === 1 ? tensor : null;
};

/** Returns packed experts, which larql reads only as BF16. */
export const packedOf = ({ tensors }: SourceModel, key: string): SourceTensor | null => {
  const tensor = tensors.get(key);
  return tensor !== undefined && tensor.dtype === 'BF16' && tensor.shape.length === 3 ? tensor : null;
};

/** Keys under which larql looks for a separate output head. */
export const OUTPUT_HEADS = ['lm_head.weight', 'output.weight'] as const;

/** Returns the output head; null for a model that uses its embeddings for it. */
export const outputHeadOf = (model: SourceModel): SourceTensor | null =>
  OUTPUT_HEADS.map((key) => matrixOf(model, key)).find((found) => found !== null) ?? null;

/**
 * Returns the files of a source that larql reads: its config and tokenizer, the files that it copies, and every safetensors
 * file in the same folder, or in `weights/` if there is none (streaming/context.rs). larql ignores
 * `model.safetensors.index.json`. A staged source may omit safetensors files that the index does not name, such as a
 * `consolidated.safetensors` that repeats the model under other names.
 *
 * @param indexed the files that the index names, if there is an index
 */
export const filesToRead = (paths: readonly string[], indexed: ReadonlySet<string> = new Set()): string[] => {
  const tensorFiles = (folder: string): string[] =>
    paths.filter((path) => path.startsWith(folder) && !path.slice(folder.length).includes('/') && path.endsWith('.safetensors'));
  const here = tensorFiles('');
  const found = here.length > 0 ? here : tensorFiles('weights/');
  const isIndexComplete = indexed.size > 0 && [...indexed].every((path) => found.includes(path));
  const others = ['config.json', 'tokenizer.json', ...COPIED_FILES].filter((path) => paths.includes(path));
  return [...others, ...found.filter((path) => !isIndexComplete || indexed.has(path))].toSorted(compareBytes);
};

const kindOf = (config: LarqlConfig, architecture: Architecture, keys: Iterable<string>): ModelKind => {
  if (config.latentAttention) return 'mla';
  if (architecture.hybrid) return 'hybrid';
  if (architecture.experts > 0 || (config.experts ?? 0) > 1) return 'moe';
  for (const key of keys) if (/^layers\.\d+\.(?:.*\.)?experts\./.test(key)) return 'moe';
  return 'dense';
};

/**
 * Describes a checkpoint from its parsed `config.json` and the headers of its safetensors files.
 *
 * @param files the files that {@link filesToRead} returns
 * @returns the model, or the reasons for which larql would refuse its config
 */
export const describeSource = (
  value: unknown,
  files: readonly SourceFile[],
): { readonly model: SourceModel } | { readonly faults: readonly string[] } => {
  const read = readLarqlConfig(value);
  if ('faults' in read) return read;
  const { config } = read;
  const architecture = architectureOf(config);
  const tensors = new Map<string, SourceTensor>();
  const copies = new Map<string, 'across files' | 'in one file'>();
  // In the order of the file names, a later file's tensor replaces an earlier one.
  for (const { path, tensors: found = [] } of files.toSorted((a, b) => compareBytes(a.path, b.path))) {
    for (const tensor of found) {
      const key = normalizeKey(tensor.name, architecture);
      const before = tensors.get(key);
      if (before !== undefined && copies.get(key) !== 'in one file') copies.set(key, before.file === path ? 'in one file' : 'across files');
      tensors.set(key, { ...tensor, file: path });
    }
  }
  const kind = kindOf(config, architecture, tensors.keys());
  return { model: { config, architecture, kind, tensors, copies, files: new Map(files.map(({ path, size }) => [path, size])) } };
};
