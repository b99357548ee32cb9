import { createHash } from 'node:crypto';
import { randomNumbers } from '../../../dev/checkpoint/random.js';
import type { BlockLayout } from '../../../formats/vindex/quant-blocks.js';
import type { SourceReader } from '../../../formats/vindex/compare-numbers.js';
import { CHECKSUMMED } from '../../../formats/vindex/file-names.js';
import { expertServerLayout, fullLayout, type VindexLayout } from '../../../formats/vindex/layout.js';
import { extractOptions, type ExtractOptions } from '../../../formats/vindex/extract-options.js';
import type { VindexReader } from '../../../formats/vindex/reading.js';
import { sourceFloats } from '../../../formats/vindex/source-floats.js';
import type { StoredTensor } from '../../../formats/vindex/stored-tensor.js';
import { quantiseRow, toHalf } from './quantise.js';
import { described, filesOf, type TinyModel } from './tiny-models.js';

/** A vindex and its source, in memory. */
export interface TinyVindex {
  readonly layout: VindexLayout;
  readonly files: Map<string, Uint8Array>;
  readonly source: Uint8Array;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value, null, 2));
const words = (values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** A source file: numbers around zero, most of them small, as in real weights. */
const sourceBytes = (model: TinyModel, seed: number): Uint8Array => {
  const tensors = filesOf(model).flatMap((file) => file.tensors ?? []);
  const bytes = new Uint8Array(tensors.at(-1)?.end ?? 0);
  const view = new DataView(bytes.buffer);
  const next = randomNumbers(seed);
  const uniform = (): number => next() / 2 ** 32 - 0.5;
  for (const { dtype, begin, end } of tensors)
    for (let at = begin; at < end; at += dtype === 'F32' ? 4 : 2) {
      const value = (uniform() + uniform() + uniform()) * 0.1;
      if (dtype === 'F32') view.setFloat32(at, value, true);
      else if (dtype === 'F16') view.setUint16(at, toHalf(value), true);
      else view.setUint16(at, new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16, true);
    }
  return bytes;
};

const rowsOf = ({ source: from, format }: StoredTensor, source: Uint8Array, blocks: BlockLayout): Uint8Array => {
  const width = (from.columns * (from.tensor.dtype === 'F32' ? 32 : 16)) / 8;
  const rows = Array.from({ length: from.rows }, (_, row) => {
    const begin = from.tensor.begin + from.begin + row * width;
    const values = sourceFloats(from.tensor.dtype, source.subarray(begin, begin + width));
    if (format === 'F32') return new Uint8Array(values.buffer);
    if (format === 'F16') return new Uint8Array(Uint16Array.from(values, toHalf).buffer);
    return quantiseRow(format, values, blocks);
  });
  return Buffer.concat(rows);
};

const expertHeader = (tensors: readonly StoredTensor[], { model }: VindexLayout): Uint8Array => {
  const places = new BigUint64Array(tensors.flatMap(({ offset, length }) => [BigInt(offset), BigInt(length)]));
  const head = words([1, 4, model.architecture.experts, model.config.expertIntermediate ?? 0, model.config.hidden]);
  return Buffer.concat([new TextEncoder().encode('LYRW'), head, new Uint8Array(places.buffer)]);
};

const downMeta = ({ downFeatures, options }: VindexLayout): Uint8Array => {
  const layers = downFeatures.flatMap((features) => [words([features]), new Uint8Array(features * (8 + 8 * options.downTopK)).fill(7)]);
  return Buffer.concat([new TextEncoder().encode('TEMD'), words([1, downFeatures.length, options.downTopK]), ...layers]);
};

const indexOf = ({ model, options, gate, expertFiles }: VindexLayout): Record<string, unknown> => {
  const { config, architecture, kind } = model;
  return {
    version: 2,
    model: 'tiny/model',
    family: architecture.family,
    source: {
      huggingface_repo: 'tiny/model',
      huggingface_revision: null,
      safetensors_sha256: null,
      extracted_at: '2026-06-01T00:00:00Z',
      larql_version: '0.1.0',
    },
    checksums: null,
    num_layers: config.layers,
    hidden_size: config.hidden,
    intermediate_size: config.intermediate,
    vocab_size: 64,
    embed_scale: 50.596443,
    extract_level: options.level,
    dtype: options.dtype,
    quant: options.quant,
    layer_bands: null,
    layers: gate.map(({ layer, features, offset, length, experts }) => ({
      layer,
      num_features: features,
      offset,
      length,
      ...(experts === null ? {} : { num_experts: experts.count, num_features_per_expert: experts.features }),
    })),
    down_top_k: options.downTopK,
    has_model_weights: options.quant !== 'none' || options.level !== 'browse',
    model_config: {
      model_type: config.modelType,
      head_dim: config.headDimension,
      num_q_heads: config.heads,
      num_kv_heads: config.keyValueHeads,
      rope_base: 10_000,
      moe: architecture.experts === 0 ? null : { num_experts: architecture.experts, top_k: 2, hybrid: kind === 'hybrid' },
    },
    ...(expertFiles.size === 0 ? {} : { ffn_layout: 'per_layer' }),
  };
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Changes fields of `index.json`. */
export const editIndex = (files: Map<string, Uint8Array>, edit: (index: Record<string, unknown>) => object): void => {
  const index = JSON.parse(new TextDecoder().decode(files.get('index.json'))) as Record<string, unknown>;
  files.set('index.json', json({ ...index, ...edit(index) }));
};

/** Changes an entry of a manifest, or the list itself. */
export const editManifest = (files: Map<string, Uint8Array>, path: string, edit: (entries: Record<string, unknown>[]) => void): void => {
  const entries = JSON.parse(new TextDecoder().decode(files.get(path))) as Record<string, unknown>[];
  edit(entries);
  files.set(path, json(entries));
};

/** Updates the checksums after a change, so that only the change itself is wrong. */
export const rehash = (files: Map<string, Uint8Array>): void =>
  editIndex(files, () => ({
    checksums: Object.fromEntries(CHECKSUMMED.filter((path) => files.has(path)).map((path) => [path, sha256(files.get(path)!)])),
  }));

/** A correct vindex, as larql of either generation writes it. */
export const tinyVindex = (
  model: TinyModel,
  options: ExtractOptions = extractOptions('q4k'),
  blocks: BlockLayout = 'interleaved',
  seed = 1,
): TinyVindex => {
  const source = sourceBytes(model, seed);
  const layout = fullLayout(described(model), options);
  const files = new Map<string, Uint8Array>();
  for (const [path, size] of layout.files) {
    if (size === null) continue;
    const tensors = layout.tensors.filter(({ file }) => file === path);
    const head = path.startsWith('layers/') ? [expertHeader(tensors, layout)] : [];
    files.set(
      path,
      tensors.length === 0
        ? new Uint8Array(size).fill(0x20)
        : Buffer.concat([...head, ...tensors.map((one) => rowsOf(one, source, blocks))]),
    );
  }
  files.set('down_meta.bin', downMeta(layout));
  files.set('tokenizer.json', json({ version: '1.0', model: { type: 'BPE' } }));
  for (const [path, tensors] of layout.manifests)
    files.set(
      path,
      json(
        tensors.map(({ key, shape, format, kind, offset, length, file }) =>
          path === 'weight_manifest.json' ? { key, kind, shape, offset, length, file } : { key, shape, format, offset, length },
        ),
      ),
    );
  files.set('index.json', json(indexOf(layout)));
  rehash(files);
  return { layout, files, source };
};

/** The slice that `larql slice --preset expert-server` makes: the checksums are copied unchanged. */
export const tinySlice = ({ layout, files, source }: TinyVindex): TinyVindex => {
  const slice = expertServerLayout(layout);
  const copied = new Map([...files].filter(([path]) => slice.files.has(path)));
  editIndex(copied, () => ({ extract_level: 'browse', has_model_weights: true }));
  return { layout: slice, files: copied, source };
};

const cut = (bytes: Uint8Array | undefined, path: string, begin: number, end: number): Promise<Uint8Array> =>
  bytes === undefined || end > bytes.byteLength
    ? Promise.reject(new Error(`${path} has no bytes ${begin} to ${end}`))
    : Promise.resolve(bytes.slice(begin, end));

export const readerOf = (files: ReadonlyMap<string, Uint8Array>): VindexReader => ({
  files: [...files].map(([path, bytes]) => ({ path, size: bytes.byteLength })),
  sha256: new Map([...files].map(([path, bytes]) => [path, sha256(bytes)])),
  read: (path, begin, end) => cut(files.get(path), path, begin, end),
});

export const sourceOf = ({ source }: TinyVindex): SourceReader => ({ read: (path, begin, end) => cut(source, path, begin, end) });
