import { layoutTensors, type TensorShape } from '../formats/safetensors/write.js';
import { layerShapes } from './layer-shapes.js';

const HIDDEN = 64;
const INTERMEDIATE = 128;
const VOCABULARY = 64;
const HEAD = 16;

const shape = (name: string, ...dimensions: number[]): TensorShape => ({ name, dtype: 'F32', shape: dimensions });

const layer = (at: number): TensorShape[] => {
  const dimensions = { hidden: HIDDEN, intermediate: INTERMEDIATE, heads: 4, keyValueHeads: 2, headSize: HEAD };
  const { norms, matrices } = layerShapes(`model.layers.${at}`, 'F32', dimensions);
  return [...norms, ...matrices];
};

const CONFIG = {
  model_type: 'llama',
  hidden_size: HIDDEN,
  intermediate_size: INTERMEDIATE,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: HEAD,
  vocab_size: VOCABULARY,
  tie_word_embeddings: false,
};

/** A tokenizer that larql can load, with one word for each token. */
const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  pre_tokenizer: { type: 'Whitespace' },
  model: { type: 'WordLevel', vocab: Object.fromEntries(Array.from({ length: VOCABULARY }, (_, id) => [`w${id}`, id])), unk_token: 'w0' },
};

const weights = (): Uint8Array => {
  const tensors = [
    shape('model.embed_tokens.weight', VOCABULARY, HIDDEN),
    ...[0, 1].flatMap(layer),
    shape('model.norm.weight', HIDDEN),
    shape('lm_head.weight', VOCABULARY, HIDDEN),
  ];
  const layout = layoutTensors(tensors, { format: 'pt' });
  const bytes = new Uint8Array(layout.size);
  bytes.set(layout.header);
  const view = new DataView(bytes.buffer);
  // Values that differ between all rows and are distributed like weights: a sine over the golden ratio never repeats.
  for (const { begin, end } of layout.tensors)
    for (let at = begin; at < end; at += 4) view.setFloat32(at, 0.05 * Math.sin((at / 4) * 1.618033988749895 * 7), true);
  return bytes;
};

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/**
 * Returns the smallest Llama that larql extracts, as path → bytes. The output for this model shows what
 * larql does with other models.
 */
export const tinyModel = (): ReadonlyMap<string, Uint8Array> =>
  new Map([
    ['config.json', json(CONFIG)],
    ['tokenizer.json', json(TOKENIZER)],
    ['model.safetensors', weights()],
  ]);
