import { FP8_BLOCKS, sorted, type FamilyCase } from './family-case.js';

/** Families whose heads are layers after the last layer of the trunk. */
export const LAYER_FAMILIES: readonly FamilyCase[] = [
  {
    family: 'DeepSeek V3',
    config: {
      model_type: 'deepseek_v3',
      num_hidden_layers: 61,
      num_nextn_predict_layers: 1,
      quantization_config: { weight_block_size: [128, 128] },
    },
    shapes: {
      'model.layers.60.mlp.gate.weight': ['BF16', 4, 8],
      'model.layers.61.eh_proj.weight': ['BF16', 8, 16],
      'model.layers.61.embed_tokens.weight': ['BF16', 32, 8],
      'model.layers.61.enorm.weight': ['BF16', 8],
      'model.layers.61.hnorm.weight': ['BF16', 8],
      'model.layers.61.mlp.gate.e_score_correction_bias': ['F32', 4],
      'model.layers.61.self_attn.o_proj.weight': ['F8_E4M3', 200, 130],
      'model.layers.61.self_attn.o_proj.weight_scale_inv': ['F32', 2, 2],
      'model.layers.61.shared_head.head.weight': ['BF16', 32, 8],
    },
    heads: 1,
    drafter: 'deepseek',
    skulk: [
      'eh_proj.weight',
      'embed_tokens.weight',
      'enorm.weight',
      'hnorm.weight',
      'mlp.gate.e_score_correction_bias',
      'self_attn.o_proj.weight',
      'shared_head.head.weight',
    ].map((name) => `mtp.0.${name}`),
  },
  {
    family: 'DeepSeek V3.2',
    config: { model_type: 'deepseek_v32', num_hidden_layers: 61, num_nextn_predict_layers: 1, ...FP8_BLOCKS },
    shapes: {
      'model.layers.61.enorm.weight': ['F32', 8],
      'model.layers.61.self_attn.indexer.wk.weight': ['F8_E4M3', 130, 256],
      'model.layers.61.self_attn.indexer.wk.weight_scale_inv': ['F32', 2, 2],
    },
    heads: 1,
    skulk: ['mtp.0.enorm.weight', 'mtp.0.self_attn.indexer.wk.weight'],
  },
  {
    family: 'GLM-4',
    config: { model_type: 'glm4_moe', num_hidden_layers: 92, num_nextn_predict_layers: 1 },
    shapes: {
      'model.layers.92.eh_proj.weight': ['BF16', 8, 16],
      'model.layers.92.embed_tokens.weight': ['BF16', 32, 8],
      'model.layers.92.mlp.gate.e_score_correction_bias': ['F32', 4],
      'model.layers.92.self_attn.q_proj.weight': ['F8_E4M3', 24, 8],
      'model.layers.92.self_attn.q_proj.weight_scale': ['F32', 24, 1],
    },
    heads: 1,
    warnings: ['quantization-unsaid'],
    skulk: ['eh_proj.weight', 'embed_tokens.weight', 'mlp.gate.e_score_correction_bias', 'self_attn.q_proj.weight'].map(
      (name) => `mtp.0.${name}`,
    ),
  },
  {
    family: 'GLM-5',
    config: { model_type: 'glm_moe_dsa', num_hidden_layers: 78, num_nextn_predict_layers: 1 },
    shapes: { 'model.layers.78.eh_proj.weight': ['BF16', 8, 16], 'model.layers.78.shared_head.norm.weight': ['BF16', 8] },
    heads: 1,
    skulk: ['mtp.0.eh_proj.weight', 'mtp.0.shared_head.norm.weight'],
  },
  {
    family: 'GLM-OCR',
    config: { model_type: 'glm_ocr', text_config: { num_hidden_layers: 2, num_nextn_predict_layers: 1 } },
    shapes: { 'model.language_model.layers.2.eh_proj.weight': ['BF16', 8, 16], 'model.visual.layers.9.x': ['BF16', 8] },
    heads: 1,
    skulk: ['mtp.0.eh_proj.weight'],
  },
  {
    family: 'Hunyuan V3',
    config: { num_hidden_layers: 3, num_nextn_predict_layers: 1 },
    shapes: { 'model.layers.3.final_layernorm.weight': ['BF16', 8], 'model.layers.3.mlp.router.gate.weight': ['F32', 4, 8] },
    heads: 1,
    skulk: ['mtp.0.final_layernorm.weight', 'mtp.0.mlp.router.gate.weight'],
  },
  {
    family: 'Step-3.5',
    config: { num_hidden_layers: 45, num_nextn_predict_layers: 3 },
    shapes: Object.fromEntries(
      [45, 46, 47].flatMap((layer) =>
        ['enorm', 'hnorm', 'eh_proj', 'transformer.shared_head.output'].map((part) => [
          `model.layers.${layer}.${part}.weight`,
          ['BF16', 8],
        ]),
      ),
    ),
    heads: 3,
    drafter: 'deepseek',
    warnings: ['own-output-head'],
    skulk: sorted(
      [0, 1, 2].flatMap((head) =>
        ['enorm', 'hnorm', 'eh_proj', 'transformer.shared_head.output'].map((part) => `mtp.${head}.${part}.weight`),
      ),
    ),
  },
  {
    family: 'Bailing',
    config: { num_hidden_layers: 20, num_nextn_predict_layers: 1, quantization_config: { quant_method: 'fp8' } },
    shapes: {
      'model.layers.20.attention.dense.weight': ['F8_E5M2', 33, 50],
      'model.layers.20.attention.dense.weight_scale': ['BF16', 33],
    },
    heads: 1,
    skulk: ['mtp.0.attention.dense.weight'],
  },
  {
    family: 'OpenPangu',
    config: { model_type: 'pangu_ultra_moe', num_hidden_layers: 61, num_nextn_predict_layers: 1 },
    shapes: { 'model.layers.61.eh_proj.weight': ['BF16', 8, 16] },
    heads: 1,
    skulk: ['mtp.0.eh_proj.weight'],
  },
  {
    family: 'Kimi K3',
    config: {
      model_type: 'kimi_k3',
      text_config: { num_hidden_layers: 5, num_nextn_predict_layers: 1 },
      quantization_config: { format: 'mxfp4-pack-quantized' },
    },
    shapes: {
      'language_model.model.layers.5.eh_proj.weight': ['BF16', 8, 16],
      'language_model.model.layers.5.mlp.experts.0.w1.weight_packed': ['U8', 4, 32],
      'language_model.model.layers.5.mlp.experts.0.w1.weight_scale': ['U8', 4, 2],
    },
    heads: 1,
    skulk: ['mtp.0.eh_proj.weight', 'mtp.0.mlp.experts.0.w1.weight'],
  },
];
