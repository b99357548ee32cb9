import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LEVELS } from '../extract-options.js';
import { LarqlError } from '../failure.js';
import { layerBands } from './layer-bands.js';
import type { Extraction } from './extraction.js';

export const LayerInfo = z.object({
  layer: z.int(),
  num_features: z.int(),
  offset: z.int(),
  length: z.int(),
  num_experts: z.int().optional(),
  num_features_per_expert: z.int().optional(),
});
export type LayerInfo = z.output<typeof LayerInfo>;

/** The members of `index.json`, in the order in which larql writes them. Reading drops unknown members. */
const Index = z.object({
  version: z.literal(2),
  model: z.string(),
  family: z.string(),
  source: z.object({
    huggingface_repo: z.string().nullable(),
    huggingface_revision: z.string().nullable(),
    safetensors_sha256: z.string().nullable(),
    extracted_at: z.string(),
    larql_version: z.string(),
  }),
  checksums: z.record(z.string(), z.string()).nullable(),
  num_layers: z.int(),
  hidden_size: z.int(),
  intermediate_size: z.int(),
  vocab_size: z.int(),
  embed_scale: z.number(),
  extract_level: z.enum(LEVELS),
  dtype: z.enum(['f32', 'f16']),
  quant: z.enum(['none', 'q4k', 'kquant']),
  layer_bands: z.record(z.string(), z.array(z.int())).nullable(),
  layers: z.array(LayerInfo),
  down_top_k: z.int(),
  has_model_weights: z.boolean(),
  model_config: z.record(z.string(), z.unknown()),
  ffn_layout: z.literal('per_layer').optional(),
});
export type Index = z.output<typeof Index>;

/** Rust writes these with a decimal point, even if they are whole numbers. */
const FLOATS = new Set([
  'embed_scale',
  'rope_base',
  'rope_local_base',
  'partial_rotary_factor',
  'query_pre_attn_scalar',
  'final_logit_softcapping',
]);
const MARK = '\u0001';

const render = (index: Index): string =>
  JSON.stringify(
    index,
    (key, value: unknown) => (FLOATS.has(key) && Number.isInteger(value) ? `${MARK}${String(value)}.0${MARK}` : value),
    2,
  ).replaceAll(/"\\u0001(.*?)\\u0001"/g, '$1');

/** Formats a time in larql's own calendar, in which every year has 365 days and every month 30. */
const wrongTime = (now: Date): string => {
  const days = Math.floor(now.getTime() / 86_400_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = days % 365;
  const month = Math.min(Math.floor(rest / 30) + 1, 12);
  return `${1970 + Math.floor(days / 365)}-${two(month)}-${two((rest % 30) + 1)}T${now.toISOString().slice(11, 19)}Z`;
};

const modelConfig = ({ config, architecture: { experts } }: Extraction): Record<string, unknown> => ({
  model_type: config.modelType,
  head_dim: config.headSize,
  num_q_heads: config.heads,
  num_kv_heads: config.keyValueHeads,
  rope_base: config.ropeBase,
  sliding_window: config.sliding_window ?? null,
  moe:
    experts === null
      ? null
      : {
          num_experts: config.experts,
          top_k: experts.topK,
          shared_expert: (config.n_shared_experts ?? 0) > 0,
          router_type: experts.routerType,
          moe_intermediate_size: config.moe_intermediate_size,
          hybrid: experts.hybrid,
        },
  global_head_dim: config.global_head_dim,
  num_global_kv_heads: config.num_global_key_value_heads,
  partial_rotary_factor: config.partial_rotary_factor,
  sliding_window_pattern: config.sliding_window_pattern,
  layer_types: config.layer_types,
  attention_k_eq_v: config.attention_k_eq_v,
  rope_local_base: config.rope_local_base_freq,
  query_pre_attn_scalar: config.query_pre_attn_scalar,
  final_logit_softcapping: config.final_logit_softcapping,
});

/** Returns the index as it is written before the weights: without weights and without checksums. */
export const firstIndex = (extraction: Extraction, layers: LayerInfo[], vocabulary: number): Index => {
  const { model, options, config, architecture, behaviour } = extraction;
  return {
    version: 2,
    model,
    family: architecture.family,
    source: {
      huggingface_repo: model,
      huggingface_revision: null,
      safetensors_sha256: null,
      extracted_at: wrongTime(new Date()),
      larql_version: '0.1.0',
    },
    checksums: null,
    num_layers: config.layers,
    hidden_size: config.hidden,
    intermediate_size: config.intermediate,
    vocab_size: vocabulary,
    embed_scale: architecture.embedScale,
    extract_level: options.level,
    dtype: options.dtype,
    quant: options.quantised ? behaviour.names : 'none',
    layer_bands: layerBands(architecture.family, config.layers),
    layers,
    down_top_k: options.topK,
    has_model_weights: false,
    model_config: modelConfig(extraction),
  };
};

const file = (directory: string): string => join(directory, 'index.json');

/**
 * Requires a vindex. larql takes a path that does not exist for a repository of the Hub; the stand-in uses no network.
 *
 * @throws LarqlError
 */
export const requireVindex = (directory: string): void => {
  if (!existsSync(directory))
    throw new LarqlError(`parse error: failed to download index.json from hf://${directory}: request error: the stand-in asks no network`);
  if (!existsSync(file(directory))) throw new LarqlError(`source vindex missing index.json: ${directory}`);
};

export const readIndex = (directory: string): Index => Index.parse(JSON.parse(readFileSync(file(directory), 'utf8')));

export const writeIndex = (directory: string, index: Index): void => writeFileSync(file(directory), render(index));
