import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LarqlError } from '../failure.js';

// A value of the wrong type counts as absent.
const count = z.int().nonnegative().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const flag = z.boolean().default(false).catch(false);

/** Gemma 4 has an object for each kind of attention layer. */
const Rope = z.object({ rope_theta: number, partial_rotary_factor: number }).optional().catch(undefined);

const Text = z.object({
  model_type: z.string().optional().catch(undefined),
  hidden_size: count,
  num_hidden_layers: count,
  intermediate_size: count,
  num_attention_heads: count,
  num_key_value_heads: count,
  head_dim: count,
  rope_parameters: z.object({ full_attention: Rope, sliding_attention: Rope }).optional().catch(undefined),
  rope_theta: number,
  rope_local_base_freq: number,
  sliding_window: count,
  sliding_window_pattern: count,
  layer_types: z.array(z.string()).optional().catch(undefined),
  attention_k_eq_v: flag,
  global_head_dim: count,
  num_global_key_value_heads: count,
  partial_rotary_factor: number,
  query_pre_attn_scalar: number,
  final_logit_softcapping: number,
  enable_moe_block: flag,
  num_experts: count,
  num_local_experts: count,
  n_routed_experts: count,
  n_shared_experts: count,
  num_experts_per_tok: count,
  top_k_experts: count,
  moe_intermediate_size: count,
  kv_lora_rank: count,
});

export type ModelConfig = z.output<typeof Text> & {
  readonly modelType: string;
  readonly hidden: number;
  readonly layers: number;
  readonly intermediate: number;
  readonly headSize: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly ropeBase: number;
  readonly experts: number;
};

const REQUIRED = ['hidden_size', 'num_hidden_layers', 'intermediate_size'] as const;
const Outer = z.looseObject({ text_config: z.record(z.string(), z.unknown()).optional() });

/** Formats a list of strings as Rust's `{:?}` does. */
const debugList = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;

/**
 * Returns the dimensions of a model, from the top level or from `text_config`, with larql's defaults.
 *
 * @throws LarqlError
 */
export const readConfig = (directory: string): ModelConfig => {
  const path = join(directory, 'config.json');
  if (!existsSync(path))
    throw new LarqlError(
      `parse error: config.json not found at ${JSON.stringify(path)} — architecture cannot be inferred from safetensors alone; copy config.json from the source model into this directory`,
    );
  const outer = Outer.parse(JSON.parse(readFileSync(path, 'utf8')));
  const top = Text.parse(outer);
  const text = Text.parse(outer.text_config ?? outer);
  const sizes = REQUIRED.map((name) => text[name] ?? top[name]);
  const missing = REQUIRED.filter((_, at) => sizes[at] === undefined);
  if (missing.length > 0)
    throw new LarqlError(
      `parse error: config.json at ${JSON.stringify(path)} is missing required field(s): ${debugList(missing)} (checked under top level and \`text_config\`)`,
    );
  const [hidden = 0, layers = 0, intermediate = 0] = sizes;
  const modelType = text.model_type ?? top.model_type ?? '';
  const gemma = modelType.startsWith('gemma');
  const rope = text.rope_parameters;
  const heads = text.num_attention_heads ?? 8;
  return {
    ...text,
    modelType,
    hidden,
    layers,
    intermediate,
    heads,
    headSize: text.head_dim ?? (gemma ? 256 : Math.floor(hidden / heads)),
    keyValueHeads: text.num_key_value_heads ?? 4,
    rope_local_base_freq: rope?.sliding_attention?.rope_theta ?? text.rope_local_base_freq,
    partial_rotary_factor: rope?.full_attention?.partial_rotary_factor ?? text.partial_rotary_factor,
    ropeBase: rope?.full_attention?.rope_theta ?? text.rope_theta ?? (gemma ? 1_000_000 : 10_000),
    experts: text.n_routed_experts ?? text.num_local_experts ?? text.num_experts ?? 0,
  };
};
