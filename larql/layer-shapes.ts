import type { Dtype } from '../formats/dtype.js';
import type { TensorShape } from '../formats/safetensors/write.js';

export interface LayerDimensions {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/**
 * Returns the tensors in each layer of every model that larql extracts, with Llama's names: norms and matrices, each in
 * order.
 */
export const layerShapes = (
  prefix: string,
  dtype: Dtype,
  { hidden, intermediate, heads, keyValueHeads, headSize }: LayerDimensions,
): { readonly norms: readonly TensorShape[]; readonly matrices: readonly TensorShape[] } => {
  const shape = (name: string, ...dimensions: number[]): TensorShape => ({ name: `${prefix}.${name}.weight`, dtype, shape: dimensions });
  return {
    norms: [shape('input_layernorm', hidden), shape('post_attention_layernorm', hidden)],
    matrices: [
      shape('self_attn.q_proj', heads * headSize, hidden),
      shape('self_attn.k_proj', keyValueHeads * headSize, hidden),
      shape('self_attn.v_proj', keyValueHeads * headSize, hidden),
      shape('self_attn.o_proj', hidden, heads * headSize),
      shape('mlp.gate_proj', intermediate, hidden),
      shape('mlp.up_proj', intermediate, hidden),
      shape('mlp.down_proj', hidden, intermediate),
    ],
  };
};
