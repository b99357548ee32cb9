import { FP8_BLOCKS, sorted, type FamilyCase, type Shapes } from './family-case.js';

const QWEN_TOP: Shapes = {
  'mtp.fc.weight': ['BF16', 8, 16],
  'mtp.norm.weight': ['BF16', 8],
  'mtp.pre_fc_norm_embedding.weight': ['BF16', 8],
  'mtp.pre_fc_norm_hidden.weight': ['BF16', 8],
};
const QWEN_ATTENTION: Shapes = Object.fromEntries([
  ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((part) => [`mtp.layers.0.self_attn.${part}.weight`, ['BF16', 8, 8]]),
  ...['q_norm', 'k_norm'].map((part) => [`mtp.layers.0.self_attn.${part}.weight`, ['BF16', 4]]),
  ...['input_layernorm', 'post_attention_layernorm'].map((part) => [`mtp.layers.0.${part}.weight`, ['BF16', 8]]),
]);
const QWEN_SHARED: Shapes = Object.fromEntries([
  ...['gate', 'up', 'down'].map((part) => [`mtp.layers.0.mlp.shared_expert.${part}_proj.weight`, ['BF16', 8, 8]]),
  ['mtp.layers.0.mlp.gate.weight', ['BF16', 2, 8]],
  ['mtp.layers.0.mlp.shared_expert_gate.weight', ['BF16', 1, 8]],
]);
const EXPERTS = [0, 1].flatMap((expert) => ['down', 'gate', 'up'].map((part) => `mtp.layers.0.mlp.experts.${expert}.${part}_proj.weight`));
const names = (...shapes: readonly Shapes[]): string[] => shapes.flatMap((one) => Object.keys(one));

/** Families whose heads have their own namespace. */
export const NAMESPACE_FAMILIES: readonly FamilyCase[] = [
  {
    family: 'DeepSeek V4',
    config: {
      model_type: 'deepseek_v4',
      num_nextn_predict_layers: 1,
      quantization_config: { weight_block_size: [128, 128], scale_fmt: 'ue8m0' },
    },
    shapes: {
      'mtp.0.e_proj.weight': ['F8_E4M3', 256, 128],
      'mtp.0.e_proj.scale': ['F8_E8M0', 2, 1],
      'mtp.0.ffn.experts.0.w1.weight': ['I8', 3, 32],
      'mtp.0.ffn.experts.0.w1.scale': ['F8_E8M0', 3, 2],
      'mtp.0.hc_head_fn': ['F32', 4, 8],
      'mtp.0.hc_head_scale': ['F32', 1],
    },
    heads: 1,
    skulk: ['mtp.0.e_proj.weight', 'mtp.0.ffn.experts.0.w1.weight', 'mtp.0.hc_head_fn', 'mtp.0.hc_head_scale'],
  },
  {
    family: 'DeepSeek V4.1 (DSpark)',
    config: { num_nextn_predict_layers: 1 },
    shapes: {
      'mtp.0.main_proj.weight': ['BF16', 8, 8],
      'mtp.1.main_proj.weight': ['BF16', 8, 8],
      'mtp.2.confidence_head.weight': ['BF16', 1, 8],
    },
    heads: 3,
    warnings: ['head-count', 'not-classic'],
    skulk: ['mtp.0.main_proj.weight', 'mtp.1.main_proj.weight', 'mtp.2.confidence_head.weight'],
  },
  {
    family: 'Qwen3-Next or Qwen3.5',
    config: { text_config: { num_hidden_layers: 4, mtp_num_hidden_layers: 1 } },
    shapes: {
      ...QWEN_TOP,
      ...QWEN_ATTENTION,
      ...Object.fromEntries(['gate', 'up', 'down'].map((part) => [`mtp.layers.0.mlp.${part}_proj.weight`, ['BF16', 8, 8]])),
    },
    heads: 1,
    drafter: 'qwen',
    skulk: sorted([...names(QWEN_TOP, QWEN_ATTENTION), ...['gate', 'up', 'down'].map((part) => `mtp.layers.0.mlp.${part}_proj.weight`)]),
  },
  {
    family: 'Qwen3-Next or Qwen3.5',
    config: {},
    shapes: {
      ...QWEN_TOP,
      ...QWEN_ATTENTION,
      ...QWEN_SHARED,
      'mtp.layers.0.mlp.experts.gate_up_proj': ['BF16', 2, 6, 8],
      'mtp.layers.0.mlp.experts.down_proj': ['BF16', 2, 8, 3],
    },
    heads: 1,
    drafter: 'qwen',
    skulk: sorted([...names(QWEN_TOP, QWEN_ATTENTION, QWEN_SHARED), ...EXPERTS]),
  },
  {
    family: 'Qwen3-Next or Qwen3.5',
    config: { text_config: { num_hidden_layers: 4 }, ...FP8_BLOCKS },
    shapes: {
      ...QWEN_TOP,
      ...QWEN_ATTENTION,
      ...QWEN_SHARED,
      'mtp.layers.0.mlp.experts.gate_up_proj': ['F8_E4M3', 2, 200, 8],
      'mtp.layers.0.mlp.experts.gate_up_proj_scale_inv': ['F32', 2, 2, 1],
      'mtp.layers.0.mlp.experts.down_proj': ['F8_E4M3', 2, 8, 100],
      'mtp.layers.0.mlp.experts.down_proj_scale_inv': ['F32', 2, 1, 1],
    },
    heads: 1,
    drafter: 'qwen',
    skulk: sorted([...names(QWEN_TOP, QWEN_ATTENTION, QWEN_SHARED), ...EXPERTS]),
  },
  {
    family: 'Qwen3-Next or Qwen3.5',
    config: { text_config: { num_hidden_layers: 4 }, quantization_config: { quant_method: 'modelopt', quant_algo: 'NVFP4' } },
    shapes: {
      ...QWEN_TOP,
      'mtp.layers.0.mlp.experts.0.up_proj.weight': ['U8', 4, 16],
      'mtp.layers.0.mlp.experts.0.up_proj.weight_scale': ['F8_E4M3', 4, 2],
      'mtp.layers.0.mlp.experts.0.up_proj.weight_scale_2': ['F32'],
      'mtp.layers.0.mlp.experts.0.up_proj.input_scale': ['F32'],
    },
    heads: 1,
    dropped: ['mtp.layers.0.mlp.experts.0.up_proj.input_scale'],
    skulk: sorted([...names(QWEN_TOP), 'mtp.layers.0.mlp.experts.0.up_proj.weight']),
  },
  {
    family: 'Qwen4',
    config: {},
    shapes: { 'mtp.fc_embedding.weight': ['BF16', 8, 8], 'mtp.hyper_connection_mixer.weight': ['BF16', 8] },
    heads: 1,
    skulk: ['mtp.fc_embedding.weight', 'mtp.hyper_connection_mixer.weight'],
  },
  {
    family: 'MiMo',
    config: { model_type: 'mimo', num_hidden_layers: 36, num_nextn_predict_layers: 1 },
    shapes: { 'model.mtp_layers.0.token_layernorm.weight': ['BF16', 8], 'model.mtp_layers.0.input_proj.weight': ['BF16', 8, 16] },
    heads: 1,
    skulk: ['model.mtp_layers.0.input_proj.weight', 'model.mtp_layers.0.token_layernorm.weight'],
  },
  {
    family: 'MiMo-V2',
    config: { model_type: 'mimo_v2', num_hidden_layers: 48, ...FP8_BLOCKS },
    shapes: Object.fromEntries(
      [0, 1, 2].flatMap((head): [string, Shapes[string]][] => [
        [`model.mtp.layers.${head}.eh_proj.weight`, ['BF16', 8, 16]],
        [`model.mtp.layers.${head}.self_attn.qkv_proj.weight`, ['F8_E4M3', 256, 128]],
        [`model.mtp.layers.${head}.self_attn.qkv_proj.weight_scale_inv`, ['F32', 2, 1]],
      ]),
    ),
    heads: 3,
    skulk: [0, 1, 2].flatMap((head) => ['eh_proj', 'self_attn.qkv_proj'].map((part) => `model.mtp.layers.${head}.${part}.weight`)),
  },
  {
    family: 'ERNIE 4.5',
    config: { num_nextn_predict_layers: 1 },
    shapes: Object.fromEntries(
      ['mtp_block.0.mlp.weight', 'mtp_emb_norm.0.weight', 'mtp_hidden_norm.0.weight', 'mtp_linear_proj.0.weight'].map((name) => [
        `model.${name}`,
        ['BF16', 8],
      ]),
    ),
    heads: 1,
    skulk: ['mtp_block.0.mlp.weight', 'mtp_emb_norm.0.weight', 'mtp_hidden_norm.0.weight', 'mtp_linear_proj.0.weight'].map(
      (name) => `model.${name}`,
    ),
  },
  {
    family: 'LongCat-Flash',
    config: { ...FP8_BLOCKS },
    shapes: {
      'model.mtp.embed_tokens.weight': ['BF16', 32, 8],
      'model.mtp.layers.0.enorm.m.weight': ['BF16', 8],
      'model.mtp.layers.0.transformer_layer.mlp.up_proj.weight': ['F8_E4M3', 300, 130],
      'model.mtp.layers.0.transformer_layer.mlp.up_proj.weight_scale_inv': ['F32', 3, 2],
    },
    heads: 1,
    skulk: ['embed_tokens', 'layers.0.enorm.m', 'layers.0.transformer_layer.mlp.up_proj'].map((name) => `model.mtp.${name}.weight`),
  },
  {
    family: 'Nemotron-H',
    config: { num_nextn_predict_layers: 1, mtp_hybrid_override_pattern: '*E' },
    shapes: {
      'mtp.layers.0.mixer.q_proj.weight': ['F8_E4M3', 8, 8],
      'mtp.layers.0.mixer.q_proj.weight_scale': ['F32'],
      'mtp.layers.0.mixer.q_proj.input_scale': ['F32'],
      'mtp.layers.1.mixer.gate.weight': ['BF16', 8, 8],
      'mtp.layers.0.mixer.k_proj.k_scale': ['F32', 1],
    },
    heads: 1,
    dropped: ['mtp.layers.0.mixer.k_proj.k_scale', 'mtp.layers.0.mixer.q_proj.input_scale'],
    warnings: ['quantization-unsaid'],
    skulk: ['mtp.layers.0.mixer.q_proj.weight', 'mtp.layers.1.mixer.gate.weight'],
  },
  {
    family: 'MiniMax M3',
    config: { model_type: 'minimax_m3', text_config: { num_mtp_modules: 1, num_hidden_layers: 60 } },
    shapes: {
      'language_model.model.mtp.layers.0.w.weight': ['F8_E4M3', 4, 64],
      'language_model.model.mtp.layers.0.w.weight_scale_inv': ['U8', 4, 2],
    },
    heads: 1,
    warnings: ['quantization-unsaid'],
    skulk: ['language_model.model.mtp.layers.0.w.weight'],
  },
  {
    family: 'EXAONE',
    config: { model_type: 'exaone_moe' },
    shapes: { 'mtp.pre_fc_norm_hidden.weight': ['BF16', 8] },
    heads: 1,
    skulk: ['mtp.pre_fc_norm_hidden.weight'],
  },
];
