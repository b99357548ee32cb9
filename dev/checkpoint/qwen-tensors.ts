import type { TensorShape } from '../../formats/safetensors/write.js';

export interface ModelSize {
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly vocabulary: number;
}

const HEAD_SIZE = 64;

const block = (prefix: string, { hidden, intermediate }: ModelSize): TensorShape[] => {
  const bf16 = (name: string, shape: number[]): TensorShape => ({ name: `${prefix}.${name}`, dtype: 'BF16', shape });
  return [
    bf16('input_layernorm.weight', [hidden]),
    bf16('post_attention_layernorm.weight', [hidden]),
    bf16('self_attn.q_proj.weight', [hidden * 2, hidden]),
    bf16('self_attn.k_proj.weight', [hidden / 4, hidden]),
    bf16('self_attn.v_proj.weight', [hidden / 4, hidden]),
    bf16('self_attn.o_proj.weight', [hidden, hidden]),
    bf16('self_attn.q_norm.weight', [HEAD_SIZE]),
    bf16('self_attn.k_norm.weight', [HEAD_SIZE]),
    bf16('mlp.gate_proj.weight', [intermediate, hidden]),
    bf16('mlp.up_proj.weight', [intermediate, hidden]),
    bf16('mlp.down_proj.weight', [hidden, intermediate]),
  ];
};

/** Returns the trunk tensors of a Qwen3.5-style model, with their real names. */
export const trunkTensors = (size: ModelSize): TensorShape[] => [
  { name: 'model.language_model.embed_tokens.weight', dtype: 'BF16', shape: [size.vocabulary, size.hidden] },
  ...Array.from({ length: size.layers }, (_, layer) => block(`model.language_model.layers.${layer}`, size)).flat(),
  { name: 'model.language_model.norm.weight', dtype: 'BF16', shape: [size.hidden] },
];

/** Returns the model's one MTP head. The two norms before the projection are F32 here, so that more than one dtype passes through. */
export const mtpTensors = (size: ModelSize): TensorShape[] => [
  { name: 'mtp.fc.weight', dtype: 'BF16', shape: [size.hidden, size.hidden * 2] },
  { name: 'mtp.norm.weight', dtype: 'BF16', shape: [size.hidden] },
  { name: 'mtp.pre_fc_norm_embedding.weight', dtype: 'F32', shape: [size.hidden] },
  { name: 'mtp.pre_fc_norm_hidden.weight', dtype: 'F32', shape: [size.hidden] },
  ...block('mtp.layers.0', size),
];
