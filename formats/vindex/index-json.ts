import { z } from 'zod';
import { parseJson } from './json.js';
import { PlainPath } from './paths.js';

/** Limits for the values in `index.json`; no real model exceeds them. */
const MAX_LAYERS = 10_000;
const MAX_COUNT = 1_000_000_000;

const Count = z.int().nonnegative().max(MAX_COUNT);
const Bytes = z.int().nonnegative();
const Text = z.string().max(1_000);

export const INDEX_FILE = 'index.json';

/** The levels of `larql extract --level`; each includes everything of the levels before it. */
export const EXTRACT_LEVELS = ['browse', 'attention', 'inference', 'all'] as const;
export type ExtractLevel = (typeof EXTRACT_LEVELS)[number];

const Layer = z.looseObject({
  layer: Count,
  num_features: Count,
  offset: Bytes,
  length: Bytes,
  num_experts: Count.nullish(),
  num_features_per_expert: Count.nullish(),
});

const Source = z.looseObject({
  huggingface_repo: Text.nullish(),
  huggingface_revision: Text.nullish(),
  safetensors_sha256: Text.nullish(),
  extracted_at: Text,
  larql_version: Text,
});

const ModelConfig = z.looseObject({
  model_type: Text,
  head_dim: Count,
  num_q_heads: Count,
  num_kv_heads: Count,
  moe: z.looseObject({ num_experts: Count, top_k: Count, hybrid: z.boolean().optional() }).nullish(),
});

const Checksums = z.record(PlainPath, z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256'));

/**
 * `index.json` as larql writes it (larql-vindex/src/config/index.rs). Unknown fields are kept unchanged: newer generations
 * add some. `kquant` is the newer spelling of `q4k`; readers of `kquant` accept both.
 */
export const VindexIndex = z.looseObject({
  version: Count,
  model: Text,
  family: Text,
  num_layers: z.int().positive().max(MAX_LAYERS),
  hidden_size: Count,
  intermediate_size: Count,
  vocab_size: Count,
  extract_level: z.enum(EXTRACT_LEVELS),
  dtype: z.enum(['f32', 'f16']),
  quant: z.enum(['none', 'q4k', 'kquant']),
  has_model_weights: z.boolean(),
  down_top_k: Count,
  source: Source.nullish(),
  checksums: Checksums.nullish(),
  layers: z.array(Layer).max(MAX_LAYERS),
  model_config: ModelConfig.nullish(),
  ffn_layout: Text.nullish(),
});
export type VindexIndex = z.infer<typeof VindexIndex>;

/** @throws SwpError `formats/vindex-json` */
export const parseIndex = (bytes: Uint8Array): VindexIndex => parseJson(VindexIndex, bytes, INDEX_FILE);
