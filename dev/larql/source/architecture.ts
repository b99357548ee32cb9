import { LarqlError } from '../failure.js';
import type { ModelConfig } from './config.js';

interface FeedForward {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

/**
 * Experts in tensors of their own instead of a dense part, or packed into two tensors beside a dense part (a hybrid: Gemma 4).
 * Keys are relative to a layer.
 */
type Experts = { readonly topK: number; readonly routerType: string; readonly router: string } & (
  | { readonly hybrid: false; expert(at: number): FeedForward }
  | { readonly hybrid: true; readonly gateUp: string; readonly down: string }
);

export interface Architecture {
  readonly family: string;
  readonly prefixes: readonly string[];
  readonly embedScale: number;
  /** Keys of a layer's norms, relative to the layer, in the order in which they are written. */
  readonly norms: readonly string[];
  readonly headNorms: readonly string[];
  /** Vectors that the quantising writer writes after the router. `post_feedforward_layernorm_1` is written twice, also as a norm. */
  readonly expertVectors: readonly string[];
  readonly experts: Experts | null;
  readonly scalar: string | null;
  sharesValue(layer: number): boolean;
}

const BASE_NORMS = ['input_layernorm.weight', 'post_attention_layernorm.weight'];
const HEAD_NORMS = ['self_attn.q_norm.weight', 'self_attn.k_norm.weight'];

const plain = (family: string): Architecture => ({
  family,
  prefixes: ['language_model.model.', 'model.'],
  embedScale: 1,
  norms: BASE_NORMS,
  headNorms: [],
  expertVectors: [],
  experts: null,
  scalar: null,
  sharesValue: () => false,
});

const gemma = (family: string, { hidden }: ModelConfig): Architecture => ({
  ...plain(family),
  embedScale: Math.fround(Math.sqrt(hidden)),
  norms: [...BASE_NORMS, 'pre_feedforward_layernorm.weight', 'post_feedforward_layernorm.weight'],
  headNorms: HEAD_NORMS,
});

const GLOBAL_EVERY = 6;

const gemma4 = (config: ModelConfig): Architecture => {
  const every = config.sliding_window_pattern ?? GLOBAL_EVERY;
  const isGlobal = (layer: number): boolean =>
    config.layer_types === undefined ? (layer + 1) % every === 0 : config.layer_types[layer] === 'full_attention';
  const base: Architecture = {
    ...gemma('gemma4', config),
    prefixes: ['model.language_model.model.', 'model.language_model.', 'language_model.model.', 'model.'],
    scalar: 'layer_scalar',
    sharesValue: (layer) => config.attention_k_eq_v && isGlobal(layer),
  };
  if (!config.enable_moe_block) return base;
  const dense = 'post_feedforward_layernorm_1.weight';
  return {
    ...base,
    norms: [...BASE_NORMS, 'pre_feedforward_layernorm.weight', dense],
    expertVectors: [
      'router.scale',
      'router.per_expert_scale',
      'pre_feedforward_layernorm_2.weight',
      dense,
      'post_feedforward_layernorm_2.weight',
      'post_feedforward_layernorm.weight',
    ],
    experts: {
      hybrid: true,
      topK: config.top_k_experts ?? config.num_experts_per_tok ?? 0,
      routerType: 'gemma4_top_k_softmax',
      router: 'router.proj.weight',
      gateUp: 'experts.gate_up_proj',
      down: 'experts.down_proj',
    },
  };
};

const separate = (config: ModelConfig, router: string, expert: (at: number) => FeedForward, topK: number): Experts => ({
  hybrid: false,
  topK: config.num_experts_per_tok ?? topK,
  routerType: 'top_k_softmax',
  router,
  expert,
});

const qwen = (config: ModelConfig): Architecture => ({
  ...plain(config.modelType),
  headNorms: HEAD_NORMS,
  experts:
    config.experts === 0
      ? null
      : separate(
          config,
          'mlp.gate.weight',
          (at) => ({
            gate: `mlp.experts.${at}.gate_proj.weight`,
            up: `mlp.experts.${at}.up_proj.weight`,
            down: `mlp.experts.${at}.down_proj.weight`,
          }),
          config.top_k_experts ?? 0,
        ),
});

const mixtral = (config: ModelConfig): Architecture => {
  const prefix = 'block_sparse_moe';
  const expert = (at: number): FeedForward => ({
    gate: `${prefix}.experts.${at}.w1.weight`,
    up: `${prefix}.experts.${at}.w3.weight`,
    down: `${prefix}.experts.${at}.w2.weight`,
  });
  return { ...plain('mixtral'), experts: separate(config, `${prefix}.gate.weight`, expert, 2) };
};

/** Keys of a dense layer, and of the dense part of a hybrid layer, relative to the layer. */
export const FEED_FORWARD: FeedForward = { gate: 'mlp.gate_proj.weight', up: 'mlp.up_proj.weight', down: 'mlp.down_proj.weight' };

/** Keys of query, key, value and output, relative to a layer, in the order in which they are written. */
export const ATTENTION = ['q', 'k', 'v', 'o'].map((name) => `self_attn.${name}_proj.weight`);

/**
 * Returns the tensor names of an architecture. Without a table for it, the stand-in assumes Llama's names, as larql does for unknown
 * architectures.
 */
export const architectureOf = (config: ModelConfig): Architecture => {
  const type = config.modelType;
  if (type.startsWith('gemma4')) return gemma4(config);
  if (type.startsWith('gemma3')) return gemma('gemma3', config);
  if (type.startsWith('gemma2') || type === 'gemma') return gemma('gemma2', config);
  if (type.startsWith('qwen')) return qwen(config);
  if (type === 'mixtral') return mixtral(config);
  if (type.startsWith('llama')) return plain('llama');
  return plain(type === 'mistral' ? type : 'generic');
};

/** @throws LarqlError for DeepSeek's attention, which no writer supports */
export const refuseLatentAttention = (config: ModelConfig, surface: 'extract pipeline' | 'q4k weight writer'): void => {
  if (config.modelType.startsWith('deepseek') && config.kv_lora_rank !== undefined)
    throw new LarqlError(`unsupported architecture 'deepseek' for ${surface}: multi-head latent attention (MLA) is not implemented`);
};
