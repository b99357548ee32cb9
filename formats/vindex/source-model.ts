import { compareBytes } from '../../core/text.js';
import type { Dtype } from '../dtype.js';
import type { TensorInfo } from '../safetensors/header.js';
import { architectureOf, normalizeKey, type Architecture } from './architecture.js';
import { readLarqlConfig, type LarqlConfig } from './larql-config.js';

/** A file of the source; `tensors` where its header was read. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly tensors?: readonly TensorInfo[];
}

export interface SourceTensor extends TensorInfo {
  readonly file: string;
}

/**
 * What larql makes of a model. `dense`: one feed-forward block a layer. `moe`: experts instead of it.
 * `hybrid`: experts beside it, packed (Gemma 4). `mla`: multi-head latent attention, which larql cannot extract.
 */
export type ModelKind = 'dense' | 'moe' | 'hybrid' | 'mla';

/** A checkpoint as larql sees it. */
export interface SourceModel {
  readonly config: LarqlConfig;
  readonly architecture: Architecture;
  readonly kind: ModelKind;
  /** By key, as larql spells it. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /** Keys that more than one tensor claims, with whether one file holds both: then it is chance which one larql takes. */
  readonly copies: ReadonlyMap<string, 'across files' | 'in one file'>;
  /** Sizes of all files that larql reads. */
  readonly files: ReadonlyMap<string, number>;
}

/** larql copies these beside the tokenizer where the source has them (larql-cli extract_index_cmd.rs). */
export const COPIED_FILES = ['tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'chat_template.jinja'] as const;

const READABLE: readonly Dtype[] = ['F32', 'F16', 'BF16'];

/** Dtypes that larql decodes; it passes over tensors of any other without a word. */
export const isReadable = ({ dtype }: Pick<TensorInfo, 'dtype'>): boolean => READABLE.includes(dtype);

/** A matrix as larql takes it: readable and of rank 2. */
export const matrixOf = ({ tensors }: SourceModel, key: string): SourceTensor | null => {
  const tensor = tensors.get(key);
  return tensor !== undefined && isReadable(tensor) && tensor.shape.length === 2 ? tensor : null;
};

/** A vector as larql takes it: readable and of rank 1; a scalar of rank 0 is none. */
export const vectorOf = ({ tensors }: SourceModel, key: string): SourceTensor | null => {
  const tensor = tensors.get(key);
  return tensor !== undefined && isReadable(tensor) && tensor.shape.length === 1 ? tensor : null;
};

/** Packed experts, which larql reads only as BF16. */
export const packedOf = ({ tensors }: SourceModel, key: string): SourceTensor | null => {
  const tensor = tensors.get(key);
  return tensor !== undefined && tensor.dtype === 'BF16' && tensor.shape.length === 3 ? tensor : null;
};

/** Keys under which larql looks for an output head of its own. */
export const OUTPUT_HEADS = ['lm_head.weight', 'output.weight'] as const;

/** The output head; null for models that use their embeddings for it. */
export const outputHeadOf = (model: SourceModel): SourceTensor | null =>
  OUTPUT_HEADS.map((key) => matrixOf(model, key)).find((found) => found !== null) ?? null;

/**
 * The files that larql reads of a source: its config and tokenizer, those that it copies, and every safetensors
 * file beside them, or in `weights/` where there is none (streaming/context.rs). It ignores
 * `model.safetensors.index.json`; whoever stages a source may leave out what that does not name, such as a
 * `consolidated.safetensors` that repeats the model under other names.
 *
 * @param indexed the files that the index names, where there is one
 */
export const filesToRead = (paths: readonly string[], indexed: ReadonlySet<string> = new Set()): string[] => {
  const tensorFiles = (folder: string): string[] =>
    paths.filter((path) => path.startsWith(folder) && !path.slice(folder.length).includes('/') && path.endsWith('.safetensors'));
  const here = tensorFiles('');
  const found = here.length > 0 ? here : tensorFiles('weights/');
  const whole = indexed.size > 0 && [...indexed].every((path) => found.includes(path));
  const others = ['config.json', 'tokenizer.json', ...COPIED_FILES].filter((path) => paths.includes(path));
  return [...others, ...found.filter((path) => !whole || indexed.has(path))].toSorted(compareBytes);
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
 * @param files what {@link filesToRead} names
 * @returns the model, or what larql would refuse its config for
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
  // A later file's tensor takes the place of an earlier one's, in the order of their names.
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
