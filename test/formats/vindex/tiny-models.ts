import { describeSource, type SourceFile, type SourceModel } from '../../../formats/vindex/source-model.js';
import { tensorBytes, type Dtype } from '../../../formats/dtype.js';
import type { TensorInfo } from '../../../formats/safetensors/header.js';

export interface TinyTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface TinyModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly TinyTensor[];
}

const tensor = (name: string, shape: readonly number[], dtype: Dtype): TinyTensor => ({ name, dtype, shape });

interface LlamaShape {
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly vocabulary: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
}

const configOf = (modelType: string, shape: LlamaShape): Record<string, unknown> => ({
  model_type: modelType,
  hidden_size: shape.hidden,
  intermediate_size: shape.intermediate,
  num_hidden_layers: shape.layers,
  num_attention_heads: shape.heads,
  num_key_value_heads: shape.keyValueHeads,
  head_dim: shape.headDimension,
  vocab_size: shape.vocabulary,
});

const attention = (at: string, { hidden, heads, keyValueHeads, headDimension }: LlamaShape, dtype: Dtype): TinyTensor[] => [
  tensor(`${at}self_attn.q_proj.weight`, [heads * headDimension, hidden], dtype),
  tensor(`${at}self_attn.k_proj.weight`, [keyValueHeads * headDimension, hidden], dtype),
  tensor(`${at}self_attn.v_proj.weight`, [keyValueHeads * headDimension, hidden], dtype),
  tensor(`${at}self_attn.o_proj.weight`, [hidden, heads * headDimension], dtype),
  tensor(`${at}input_layernorm.weight`, [hidden], dtype),
  tensor(`${at}post_attention_layernorm.weight`, [hidden], dtype),
];

const feedForward = (
  at: string,
  hidden: number,
  width: number,
  dtype: Dtype,
  names = ['gate_proj', 'up_proj', 'down_proj'],
): TinyTensor[] => [
  tensor(`${at}${names[0]}.weight`, [width, hidden], dtype),
  tensor(`${at}${names[1]}.weight`, [width, hidden], dtype),
  tensor(`${at}${names[2]}.weight`, [hidden, width], dtype),
];

const layersOf = (count: number, make: (layer: number) => TinyTensor[]): TinyTensor[] =>
  Array.from({ length: count }, (_, at) => make(at)).flat();

export const LLAMA_SHAPE: LlamaShape = {
  hidden: 64,
  intermediate: 128,
  layers: 2,
  vocabulary: 64,
  heads: 4,
  keyValueHeads: 2,
  headDimension: 16,
};

/** The tiny Llama that the real program was run on. */
export const tinyLlama = (dtype: Dtype = 'F32', shape: LlamaShape = LLAMA_SHAPE): TinyModel => ({
  config: configOf('llama', shape),
  tensors: [
    tensor('model.embed_tokens.weight', [shape.vocabulary, shape.hidden], dtype),
    tensor('model.norm.weight', [shape.hidden], dtype),
    tensor('lm_head.weight', [shape.vocabulary, shape.hidden], dtype),
    ...layersOf(shape.layers, (layer) => [
      ...attention(`model.layers.${layer}.`, shape, dtype),
      ...feedForward(`model.layers.${layer}.mlp.`, shape.hidden, shape.intermediate, dtype),
    ]),
  ],
});

const GEMMA: LlamaShape = { hidden: 256, intermediate: 64, layers: 2, vocabulary: 64, heads: 4, keyValueHeads: 2, headDimension: 16 };

interface Experts {
  readonly count: number;
  readonly width: number;
}

const gemmaOf = (shape: LlamaShape, { count, width }: Experts): TinyModel => ({
  config: {
    model_type: 'gemma4',
    tie_word_embeddings: true,
    text_config: {
      ...configOf('gemma4_text', shape),
      enable_moe_block: true,
      num_experts: count,
      top_k_experts: 2,
      moe_intermediate_size: width,
    },
  },
  tensors: [
    tensor('model.language_model.embed_tokens.weight', [shape.vocabulary, shape.hidden], 'BF16'),
    tensor('model.language_model.norm.weight', [shape.hidden], 'BF16'),
    tensor('model.vision_tower.patch.weight', [8, 8], 'BF16'),
    ...layersOf(shape.layers, (layer) => {
      const at = `model.language_model.layers.${layer}.`;
      return [
        ...attention(at, shape, 'BF16'),
        ...feedForward(`${at}mlp.`, shape.hidden, shape.intermediate, 'BF16'),
        tensor(`${at}router.proj.weight`, [count, shape.hidden], 'BF16'),
        tensor(`${at}experts.gate_up_proj`, [count, 2 * width, shape.hidden], 'BF16'),
        tensor(`${at}experts.down_proj`, [count, shape.hidden, width], 'BF16'),
      ];
    }),
  ],
});

/** The tiny Gemma 4 with experts that the real program was run on; its output head is tied. */
export const tinyGemma = (): TinyModel => gemmaOf(GEMMA, { count: 4, width: 32 });

/** Gemma 4 26B-A4B by its dimensions, with layers that are all alike. */
export const gemma26 = (): TinyModel =>
  gemmaOf(
    { hidden: 2816, intermediate: 2112, layers: 30, vocabulary: 262_144, heads: 16, keyValueHeads: 8, headDimension: 256 },
    { count: 128, width: 704 },
  );

/** A pure mixture of experts. */
export const tinyMixtral = (): TinyModel => ({
  config: { ...configOf('mixtral', LLAMA_SHAPE), num_local_experts: 2, num_experts_per_tok: 1 },
  tensors: [
    tensor('model.embed_tokens.weight', [64, 64], 'BF16'),
    tensor('model.norm.weight', [64], 'BF16'),
    tensor('lm_head.weight', [64, 64], 'BF16'),
    ...layersOf(2, (layer) => [
      ...attention(`model.layers.${layer}.`, LLAMA_SHAPE, 'BF16'),
      tensor(`model.layers.${layer}.block_sparse_moe.gate.weight`, [2, 64], 'BF16'),
      ...[0, 1].flatMap((expert) =>
        feedForward(`model.layers.${layer}.block_sparse_moe.experts.${expert}.`, 64, 128, 'BF16', ['w1', 'w3', 'w2']),
      ),
    ]),
  ],
});

/** Lays tensors out as in a safetensors file, after a header of 1,000 bytes. */
export const placed = (tensors: readonly TinyTensor[], begin = 1_008): TensorInfo[] => {
  let at = begin;
  return tensors.map((one) => {
    const size = tensorBytes(one.dtype, one.shape) ?? 0;
    at += size;
    return { ...one, begin: at - size, end: at };
  });
};

export const filesOf = ({ tensors }: TinyModel): SourceFile[] => {
  const found = placed(tensors);
  return [
    { path: 'config.json', size: 400 },
    { path: 'tokenizer.json', size: 200 },
    { path: 'tokenizer_config.json', size: 30 },
    { path: 'model.safetensors', size: found.at(-1)?.end ?? 8, tensors: found },
  ];
};

export const described = (model: TinyModel, files: readonly SourceFile[] = filesOf(model)): SourceModel => {
  const found = describeSource(model.config, files);
  if ('faults' in found) throw new Error(found.faults.join());
  return found.model;
};

/** A model with other dtypes, shapes or names; `change` returns null to remove a tensor. */
export const changed = (model: TinyModel, change: (tensor: TinyTensor) => Partial<TinyTensor> | null): TinyModel => ({
  ...model,
  tensors: model.tensors.flatMap((one) => {
    const other = change(one);
    return other === null ? [] : [{ ...one, ...other }];
  }),
});
