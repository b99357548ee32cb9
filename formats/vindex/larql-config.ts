import { z } from 'zod';

/** The fields that larql reads from a model's `config.json` (larql-models/src/detect/parser.rs), with its defaults. */
export interface LarqlConfig {
  readonly modelType: string;
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
  readonly experts: number | null;
  readonly expertsPerToken: number | null;
  readonly expertIntermediate: number | null;
  /** Gemma 4: experts in addition to the dense block of every layer. */
  readonly moeBlock: boolean;
  /** Multi-head latent attention, recognised by its ranks. */
  readonly latentAttention: boolean;
  readonly layerTypes: readonly string[] | null;
  readonly slidingPattern: number | null;
  /** Gemma 4: full-attention layers have no separate values. */
  readonly valuesAreKeys: boolean;
  /** The number of last layers that reuse the keys and values of earlier ones. */
  readonly sharedKeyValueLayers: number;
  readonly perLayerEmbeddings: boolean;
  /** Null if the config does not state it. */
  readonly tied: boolean | null;
  /** The quantisation of the weights, in the config's spelling. */
  readonly quantization: string | null;
}

/**
 * More is no model of today, and would make the lists below too long. Experts are those of all layers: 61 layers of 512
 * have 31,232.
 */
const MAX_LAYERS = 10_000;
const MAX_EXPERTS = 65_536;

type Fields = Readonly<Record<string, unknown>>;

const Fields = z.record(z.string(), z.unknown());
const Count = z.int().nonnegative().max(1_000_000_000);

const fieldsOf = (value: unknown): Fields | null => Fields.safeParse(value).data ?? null;
const countOf = (value: unknown): number | null => Count.safeParse(value).data ?? null;
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const quantizationOf = (configs: readonly Fields[]): string | null => {
  for (const config of configs) {
    for (const name of ['quantization_config', 'compression_config', 'quantization']) {
      const found = fieldsOf(config[name]);
      if (found === null) continue;
      const bits = countOf(found['bits']);
      return textOf(found['quant_method']) ?? textOf(found['format']) ?? (bits === null ? 'unnamed' : `${bits}-bit`);
    }
  }
  return null;
};

/** Returns values that no model has or that larql refuses. */
const faultsOf = (config: LarqlConfig): string[] => {
  const { layers, experts, heads, keyValueHeads, headDimension, hidden, intermediate } = config;
  return [
    ...Object.entries({ num_hidden_layers: layers, hidden_size: hidden, intermediate_size: intermediate, head_dim: headDimension })
      .filter(([, value]) => value === 0)
      .map(([name]) => `${name} is zero`),
    ...(layers > MAX_LAYERS ? [`num_hidden_layers is ${layers}`] : []),
    ...(layers * (experts ?? 0) > MAX_EXPERTS ? [`${experts} experts in each of ${layers} layers`] : []),
    ...(keyValueHeads === 0 || heads % keyValueHeads !== 0
      ? [`${heads} attention heads cannot share ${keyValueHeads} key-value heads evenly`]
      : []),
    ...(config.layerTypes !== null && config.layerTypes.length !== layers
      ? [`layer_types has ${config.layerTypes.length} entries for ${layers} layers`]
      : []),
  ];
};

/**
 * Reads a parsed but unvalidated `config.json`.
 *
 * @returns the config, or the reasons for which larql would refuse it
 */
export const readLarqlConfig = (value: unknown): { readonly config: LarqlConfig } | { readonly faults: readonly string[] } => {
  const top = fieldsOf(value);
  if (top === null) return { faults: ['it is not a JSON object'] };
  const text = fieldsOf(top['text_config']) ?? top;
  const required = (name: string): number | null => countOf(text[name]) ?? countOf(top[name]);
  const [layers, hidden, intermediate] = ['num_hidden_layers', 'hidden_size', 'intermediate_size'].map(required);
  if (layers == null || hidden == null || intermediate == null)
    return { faults: ['it lacks num_hidden_layers, hidden_size or intermediate_size'] };
  const count = (...names: readonly string[]): number | null =>
    names.map((name) => countOf(text[name])).find((found) => found !== null) ?? null;
  const modelType = textOf(text['model_type']) ?? textOf(top['model_type']) ?? '';
  const heads = count('num_attention_heads') ?? 8;
  const types = z.array(z.string()).max(MAX_LAYERS).safeParse(text['layer_types']);
  const tied = [text, top].map((config) => config['tie_word_embeddings']).find((found) => typeof found === 'boolean');
  const config: LarqlConfig = {
    modelType,
    layers,
    hidden,
    intermediate,
    heads,
    keyValueHeads: count('num_key_value_heads') ?? 4,
    headDimension: count('head_dim') ?? (modelType.startsWith('gemma') ? 256 : Math.floor(hidden / Math.max(heads, 1))),
    experts: count('n_routed_experts', 'num_local_experts', 'num_experts'),
    expertsPerToken: count('num_experts_per_tok', 'num_experts_per_token', 'top_k_experts'),
    expertIntermediate: count('moe_intermediate_size'),
    moeBlock: text['enable_moe_block'] === true,
    latentAttention: count('kv_lora_rank') !== null || (modelType === 'deepseek_v4' && count('q_lora_rank') !== null),
    layerTypes: types.success ? types.data : null,
    slidingPattern: count('sliding_window_pattern'),
    valuesAreKeys: text['attention_k_eq_v'] === true,
    sharedKeyValueLayers: count('num_kv_shared_layers') ?? 0,
    perLayerEmbeddings: (count('hidden_size_per_layer_input') ?? 0) > 0,
    tied: typeof tied === 'boolean' ? tied : null,
    quantization: quantizationOf(text === top ? [top] : [top, text]),
  };
  const faults = faultsOf(config);
  return faults.length > 0 ? { faults } : { config };
};
