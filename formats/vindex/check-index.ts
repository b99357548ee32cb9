import { CHECKSUMMED } from './file-names.js';
import { INDEX_FILE, type VindexIndex } from './index-json.js';
import type { VindexLayout } from './layout.js';
import { writesWeights } from './extract-options.js';
import { capProblems, problem, type VindexProblem, type VindexReader } from './reading.js';
import { matrixOf } from './source-model.js';

const VERSION = 2;

type Expected = readonly [field: string, actual: unknown, allowed: readonly unknown[]];

/**
 * Returns the levels that larql may record. At q4k it writes everything at any level, and newer versions record `all` for
 * that. A slice without attention weights is `browse` (larql-cli slice_cmd.rs, `effective_level`).
 */
const levelsOf = ({ slice, options }: VindexLayout): readonly string[] => {
  if (slice === 'expert-server') return ['browse'];
  return options.quant === 'q4k' ? [options.level, 'all'] : [options.level];
};

const expectations = (index: VindexIndex, layout: VindexLayout): Expected[] => {
  const { config, architecture, kind } = layout.model;
  const moe = index.model_config?.moe ?? null;
  const experts = architecture.experts > 0 ? architecture.experts : undefined;
  return [
    ['version', index.version, [VERSION]],
    ['num_layers', index.num_layers, [config.layers]],
    ['hidden_size', index.hidden_size, [config.hidden]],
    ['intermediate_size', index.intermediate_size, [config.intermediate]],
    ['vocab_size', index.vocab_size, [matrixOf(layout.model, architecture.embeddings)?.shape[0]]],
    ['extract_level', index.extract_level, levelsOf(layout)],
    ['dtype', index.dtype, [layout.options.dtype]],
    ['quant', index.quant, layout.options.quant === 'none' ? ['none'] : ['q4k', 'kquant']],
    ['has_model_weights', index.has_model_weights, [layout.slice === 'expert-server' || writesWeights(layout.options)]],
    ['down_top_k', index.down_top_k, [layout.options.downTopK]],
    ['ffn_layout', index.ffn_layout ?? null, [layout.expertFiles.size > 0 ? 'per_layer' : null]],
    ['model_config.head_dim', index.model_config?.head_dim, [config.headDimension]],
    ['model_config.num_q_heads', index.model_config?.num_q_heads, [config.heads]],
    ['model_config.num_kv_heads', index.model_config?.num_kv_heads, [config.keyValueHeads]],
    ['model_config.moe.num_experts', moe?.num_experts, [experts]],
    ['model_config.moe.hybrid', moe === null ? undefined : (moe.hybrid ?? false), [experts === undefined ? undefined : kind === 'hybrid']],
  ];
};

const layerProblems = ({ layers }: VindexIndex, { gate }: VindexLayout): VindexProblem[] => {
  const wrong = gate.flatMap((expected, at) => {
    const found = layers[at];
    if (found === undefined) return [];
    const pairs: [string, number | null, number | null][] = [
      ['layer', found.layer, expected.layer],
      ['num_features', found.num_features, expected.features],
      ['offset', found.offset, expected.offset],
      ['length', found.length, expected.length],
      ['num_experts', found.num_experts ?? null, expected.experts?.count ?? null],
      ['num_features_per_expert', found.num_features_per_expert ?? null, expected.experts?.features ?? null],
    ];
    return pairs
      .filter(([, is, should]) => is !== should)
      .map(([field, is, should]) => problem('index-layers', INDEX_FILE, `layers[${at}].${field} is ${is}; the source implies ${should}.`));
  });
  const count =
    layers.length === gate.length
      ? []
      : [problem('index-layers', INDEX_FILE, `It lists ${layers.length} layers of gate vectors; the source implies ${gate.length}.`)];
  return [...count, ...capProblems(wrong)];
};

/** larql records the model argument of its command: a local path there would be published. */
const nameExpectations = (index: VindexIndex, repo: string): Expected[] => [
  ['model', index.model, [repo]],
  ['source.huggingface_repo', index.source?.huggingface_repo, [repo]],
];

/**
 * Checks the statements of `index.json` about the model against the model.
 *
 * @param repo the source's repository
 */
export const checkIndex = (index: VindexIndex, layout: VindexLayout, repo: string): VindexProblem[] => [
  ...[...expectations(index, layout), ...nameExpectations(index, repo)]
    .filter(([, actual, allowed]) => !allowed.includes(actual))
    .map(([field, actual, allowed]) =>
      problem(
        'index-field',
        INDEX_FILE,
        `${field} is ${JSON.stringify(actual) ?? 'absent'}; it should be ${allowed.map((one) => JSON.stringify(one) ?? 'none').join(' or ')}.`,
      ),
    ),
  ...layerProblems(index, layout),
];

/**
 * Checks the checksums, which cover only some files. `larql slice` copies the checksums of the full vindex, so an index of
 * a slice always has checksums of files that the slice lacks; they are removed when the index is rewritten.
 */
export const checkChecksums = (index: VindexIndex, { files, sha256 }: VindexReader, layout: VindexLayout): VindexProblem[] => {
  const { checksums } = index;
  if (checksums == null)
    return [problem('checksums-missing', INDEX_FILE, 'The checksums are missing; larql writes them when it finishes.')];
  const present = new Set(files.map(({ path }) => path));
  const listed = Object.entries(checksums);
  return [
    ...listed
      .filter(([path]) => !(CHECKSUMMED as readonly string[]).includes(path) || !layout.fullFiles.has(path))
      .map(([path]) =>
        problem(
          'checksum-list',
          path,
          'index.json has a checksum of this file, but the source implies no such file, or larql writes no checksum of it.',
        ),
      ),
    ...CHECKSUMMED.filter((path) => layout.files.has(path) && !Object.hasOwn(checksums, path)).map((path) =>
      problem('checksum-list', path, 'larql writes a checksum of this file, but index.json has none.'),
    ),
    ...listed
      .filter(([path, digest]) => present.has(path) && sha256.has(path) && sha256.get(path) !== digest)
      .map(([path, digest]) => problem('checksum', path, `Its SHA-256 is ${sha256.get(path)}; index.json says ${digest}.`)),
  ];
};
