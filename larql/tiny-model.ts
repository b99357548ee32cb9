import { layoutTensors, type TensorShape } from '../formats/safetensors/write.js';
import { layerShapes } from './layer-shapes.js';

/** larql reads back what it writes only at widths that are multiples of 256. */
const HIDDEN = 256;
const INTERMEDIATE = 256;
const VOCABULARY = 64;
const HEAD = 64;

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

/** A prime: the first 257 rows of a matrix differ, as each starts at another number of the same series. */
const PERIOD = 257;

/** Numbers without a pattern, small as trained weights are. */
const SERIES = Array.from({ length: PERIOD }, (_, at) => 0.05 * Math.sin(at * at));

const weightAt = (tensor: number, row: number, column: number): number => SERIES[(tensor * 101 + row * 37 + column) % PERIOD] ?? 0;

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
  for (const [index, { begin, end, shape: dimensions }] of layout.tensors.entries()) {
    const columns = dimensions.at(-1) ?? 1;
    for (let at = 0; begin + at * 4 < end; at += 1)
      view.setFloat32(begin + at * 4, weightAt(index, Math.floor(at / columns), at % columns), true);
  }
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
