/** Names of a layer's tensors, without the layer's prefix and `.weight`. */
export interface LayerNames {
  /** The complete key of the embedding table. */
  readonly embeddings: string;
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly o: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  readonly inputNorm: string;
  readonly attentionNorm: string;
  readonly feedForwardNorms: readonly string[];
}

/** larql's defaults for a family without its own names (larql-models/src/config.rs). */
export const LLAMA: LayerNames = {
  embeddings: 'embed_tokens.weight',
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
  inputNorm: 'input_layernorm',
  attentionNorm: 'post_attention_layernorm',
  feedForwardNorms: ['pre_feedforward_layernorm', 'post_feedforward_layernorm'],
};

/** Has no gate, so larql cannot make a complete vindex of it. */
export const STARCODER2: LayerNames = { ...LLAMA, up: 'mlp.c_fc', down: 'mlp.c_proj' };

const SHORT_NAMES = {
  embeddings: 'embed.weight',
  q: 'attn.q_proj',
  k: 'attn.k_proj',
  v: 'attn.v_proj',
  o: 'attn.o_proj',
  inputNorm: 'attn_norm',
  attentionNorm: 'ffn_norm',
};

export const TINY_MODEL: LayerNames = {
  ...LLAMA,
  ...SHORT_NAMES,
  gate: 'ffn.gate',
  up: 'ffn.up',
  down: 'ffn.down',
};

export const DEEPSEEK_V4: LayerNames = { ...LLAMA, ...SHORT_NAMES, gate: 'ffn.w1', up: 'ffn.w3', down: 'ffn.w2', feedForwardNorms: [] };
