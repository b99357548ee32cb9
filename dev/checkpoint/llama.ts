import type { TensorShape } from '../../formats/safetensors/write.js';
import { layerShapes } from '../../larql/layer-shapes.js';
import type { SyntheticCheckpoint } from './generate.js';
import { languageModel, type LanguageModelOptions } from './language-model.js';

/** larql reads back what it writes only at widths that are multiples of 256. */
const HIDDEN = 256;
const INTERMEDIATE = 256;
const LAYERS = 2;
const VOCABULARY = 64;
const HEADS = 4;
const KEY_VALUE_HEADS = 2;
const HEAD_SIZE = HIDDEN / HEADS;

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: HIDDEN,
  intermediate_size: INTERMEDIATE,
  num_hidden_layers: LAYERS,
  num_attention_heads: HEADS,
  num_key_value_heads: KEY_VALUE_HEADS,
  head_dim: HEAD_SIZE,
  vocab_size: VOCABULARY,
  tie_word_embeddings: false,
  torch_dtype: 'float32',
};

const f32 = (name: string, ...shape: number[]): TensorShape => ({ name, dtype: 'F32', shape });

const DIMENSIONS = {
  hidden: HIDDEN,
  intermediate: INTERMEDIATE,
  heads: HEADS,
  keyValueHeads: KEY_VALUE_HEADS,
  headSize: HEAD_SIZE,
};

const layer = (at: number): TensorShape[] => {
  const { norms, matrices } = layerShapes(`model.layers.${at}`, 'F32', DIMENSIONS);
  return [...norms, ...matrices];
};

const TENSORS = [
  f32('model.embed_tokens.weight', VOCABULARY, HIDDEN),
  ...Array.from({ length: LAYERS }, (_, at) => layer(at)).flat(),
  f32('model.norm.weight', HIDDEN),
  f32('lm_head.weight', VOCABULARY, HIDDEN),
];

/** Returns a tiny Llama of 3.3 MB: dense, F32, with an untied head. */
export const generateLlama = (options: LanguageModelOptions): SyntheticCheckpoint =>
  languageModel({ config: CONFIG, tensors: TENSORS, vocabulary: VOCABULARY }, options);
