import type { TensorShape } from '../../formats/safetensors/write.js';
import { layerShapes } from '../../larql/layer-shapes.js';
import type { SyntheticCheckpoint } from './generate.js';
import { languageModel, type LanguageModelOptions } from './language-model.js';

/** larql reads back what it writes only at widths that are multiples of 256; experts may have any width. */
const HIDDEN = 256;
const INTERMEDIATE = 256;
const EXPERTS = 4;
const EXPERT_INTERMEDIATE = 32;
const LAYERS = 2;
const VOCABULARY = 64;
const HEADS = 4;
const KEY_VALUE_HEADS = 2;
const HEAD_SIZE = 64;

const CONFIG = {
  architectures: ['Gemma4ForConditionalGeneration'],
  model_type: 'gemma4',
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  text_config: {
    model_type: 'gemma4_text',
    hidden_size: HIDDEN,
    intermediate_size: INTERMEDIATE,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    num_key_value_heads: KEY_VALUE_HEADS,
    head_dim: HEAD_SIZE,
    vocab_size: VOCABULARY,
    layer_types: ['sliding_attention', 'full_attention'],
    sliding_window: 32,
    enable_moe_block: true,
    num_experts: EXPERTS,
    top_k_experts: 2,
    moe_intermediate_size: EXPERT_INTERMEDIATE,
    tie_word_embeddings: true,
  },
};

const bf16 = (name: string, ...shape: number[]): TensorShape => ({ name, dtype: 'BF16', shape });

const furtherNorms = (prefix: string): TensorShape[] => [
  bf16(`${prefix}.self_attn.q_norm.weight`, HEAD_SIZE),
  bf16(`${prefix}.self_attn.k_norm.weight`, HEAD_SIZE),
  bf16(`${prefix}.pre_feedforward_layernorm.weight`, HIDDEN),
  bf16(`${prefix}.post_feedforward_layernorm.weight`, HIDDEN),
  bf16(`${prefix}.post_feedforward_layernorm_1.weight`, HIDDEN),
  bf16(`${prefix}.pre_feedforward_layernorm_2.weight`, HIDDEN),
  bf16(`${prefix}.post_feedforward_layernorm_2.weight`, HIDDEN),
  bf16(`${prefix}.router.scale`, HIDDEN),
  bf16(`${prefix}.router.per_expert_scale`, EXPERTS),
  bf16(`${prefix}.layer_scalar`, 1),
];

const DIMENSIONS = {
  hidden: HIDDEN,
  intermediate: INTERMEDIATE,
  heads: HEADS,
  keyValueHeads: KEY_VALUE_HEADS,
  headSize: HEAD_SIZE,
};

const layer = (at: number): TensorShape[] => {
  const prefix = `model.language_model.layers.${at}`;
  const { norms, matrices } = layerShapes(prefix, 'BF16', DIMENSIONS);
  return [
    ...norms,
    ...furtherNorms(prefix),
    ...matrices,
    bf16(`${prefix}.router.proj.weight`, EXPERTS, HIDDEN),
    bf16(`${prefix}.experts.gate_up_proj`, EXPERTS, 2 * EXPERT_INTERMEDIATE, HIDDEN),
    bf16(`${prefix}.experts.down_proj`, EXPERTS, HIDDEN, EXPERT_INTERMEDIATE),
  ];
};

/**
 * Returns a tiny Gemma 4 hybrid of 2.1 MB, with BF16 weights and a tied head. Every layer has a dense feed-forward part
 * and packed experts beside it.
 */
export const generateGemma4 = (options: LanguageModelOptions): SyntheticCheckpoint =>
  languageModel(
    {
      config: CONFIG,
      tensors: [
        bf16('model.language_model.embed_tokens.weight', VOCABULARY, HIDDEN),
        ...Array.from({ length: LAYERS }, (_, at) => layer(at)).flat(),
        bf16('model.language_model.norm.weight', HIDDEN),
      ],
      vocabulary: VOCABULARY,
    },
    options,
  );
