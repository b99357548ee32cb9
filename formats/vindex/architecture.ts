import type { LarqlConfig } from './larql-config.js';
import { DEEPSEEK_V4, LLAMA, STARCODER2, TINY_MODEL, type LayerNames } from './layer-names.js';

/** A vector that larql stores in `norms.bin`; the router's matrix is stored there too, flattened. */
export interface VectorKey {
  readonly key: string;
  readonly flattened: boolean;
}

export interface ExpertKeys {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

/** The keys of one layer without the prefix, as larql uses them: `layers.3.mlp.up_proj.weight`. */
export interface LayerKeys extends ExpertKeys {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly o: string;
  readonly inputNorm: string;
  readonly attentionNorm: string;
  /** The contents of `norms.bin` at quant q4k, in its order. */
  readonly blockVectors: readonly VectorKey[];
  /** The contents of `norms.bin` at quant none. */
  readonly floatVectors: readonly string[];
  /** At quant none, these are stored with the attention weights. */
  readonly queryKeyNorms: readonly string[];
  readonly router: string | null;
  readonly packed: { readonly gateUp: string; readonly down: string } | null;
  /** Returns the keys of one expert; null if experts have no separate tensors. */
  readonly expert: ((index: number) => ExpertKeys) | null;
}

/** The names of a family's tensors in larql (larql-models/src/architectures/). */
export interface Architecture {
  readonly family: string;
  /** larql removes the first of these prefixes that matches a tensor's name. */
  readonly prefixes: readonly string[];
  readonly embeddings: string;
  /** Zero for dense models. */
  readonly experts: number;
  /** Gemma 4: experts in addition to a dense block, so that larql writes `layers/`. */
  readonly hybrid: boolean;
  /** Returns true for a full-attention layer without its own values. */
  readonly valuesAreKeys: (layer: number) => boolean;
  readonly layer: (layer: number) => LayerKeys;
}

const PREFIXES = ['language_model.model.', 'model.'];
const GEMMA4_PREFIXES = ['model.language_model.model.', 'model.language_model.', ...PREFIXES];
/** Gemma 4 without layer types in `config.json`: every sixth layer has full attention. */
const GEMMA4_PATTERN = 6;

interface Family {
  readonly family: string;
  readonly names?: LayerNames;
  readonly prefixes?: readonly string[];
  readonly queryKeyNorms?: boolean;
  /** The number of experts if the config does not state it. */
  readonly experts?: number;
  readonly router?: string;
  readonly expert?: { readonly at: string; readonly gate: string; readonly up: string; readonly down: string };
}

const PROJECTIONS = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' };
const LETTERED = { gate: 'w1', up: 'w3', down: 'w2' };

/** Chooses the family by `model_type`, as larql does (larql-models/src/detect/mod.rs). */
const familyOf = ({ modelType: type, experts }: LarqlConfig): Family => {
  if (type.startsWith('gemma4')) return { family: 'gemma4', prefixes: GEMMA4_PREFIXES, queryKeyNorms: true, router: 'router.proj' };
  if (type.startsWith('gemma3')) return { family: 'gemma3', queryKeyNorms: true };
  if (type.startsWith('gemma2') || type === 'gemma') return { family: 'gemma2', queryKeyNorms: true };
  if (type.startsWith('llama')) return { family: 'llama' };
  if (type === 'mistral' || type === 'gpt2') return { family: type };
  if (type === 'mixtral')
    return { family: type, experts: 8, router: 'block_sparse_moe.gate', expert: { at: 'block_sparse_moe.experts', ...LETTERED } };
  if (type === 'gpt_oss') return { family: type, prefixes: ['model.'], experts: 128, router: 'mlp.router' };
  const routed = (experts ?? 0) > 0 ? { router: 'mlp.gate', expert: { at: 'mlp.experts', ...PROJECTIONS } } : {};
  if (type.startsWith('qwen')) return { family: type, queryKeyNorms: true, ...routed };
  if (type === 'deepseek_v4')
    return { family: type, names: DEEPSEEK_V4, prefixes: [], router: 'ffn.gate', expert: { at: 'ffn.experts', ...LETTERED } };
  if (type.startsWith('deepseek')) return { family: 'deepseek', ...routed };
  if (type === 'starcoder2') return { family: type, names: STARCODER2 };
  if (type.startsWith('granite')) return { family: type };
  if (type === 'tinymodel') return { family: type, names: TINY_MODEL, prefixes: [] };
  return { family: 'generic' };
};

const isGlobal = ({ layerTypes, slidingPattern }: LarqlConfig, layer: number): boolean =>
  layerTypes === null
    ? (layer + 1) % (slidingPattern === null || slidingPattern === 0 ? GEMMA4_PATTERN : slidingPattern) === 0
    : layerTypes[layer] === 'full_attention';

/**
 * Returns the vectors of Gemma 4's experts in the order of `norms.bin`; the norm of the dense block is stored a second
 * time.
 */
const hybridVectors = (at: string): { readonly routing: readonly string[]; readonly norms: readonly string[] } => ({
  routing: [`${at}router.scale`, `${at}router.per_expert_scale`],
  norms: [
    `${at}pre_feedforward_layernorm_2.weight`,
    `${at}post_feedforward_layernorm_1.weight`,
    `${at}post_feedforward_layernorm_2.weight`,
    `${at}post_feedforward_layernorm.weight`,
  ],
});

export const architectureOf = (config: LarqlConfig): Architecture => {
  const found = familyOf(config);
  const names = found.names ?? LLAMA;
  const gemma4 = found.family === 'gemma4';
  const hybrid = gemma4 && config.moeBlock;
  const routed = hybrid || (!gemma4 && found.router !== undefined);
  const experts = routed ? (config.experts ?? found.experts ?? 0) : 0;
  const layer = (index: number): LayerKeys => {
    const at = `layers.${index}.`;
    const weight = (name: string): string => `${at}${name}.weight`;
    const norms = [names.inputNorm, names.attentionNorm, ...names.feedForwardNorms].map(weight);
    if (hybrid) norms[norms.length - 1] = weight('post_feedforward_layernorm_1');
    const queryKeyNorms = found.queryKeyNorms === true ? ['self_attn.q_norm', 'self_attn.k_norm'].map(weight) : [];
    const moe = hybrid ? hybridVectors(at) : null;
    const router = routed && found.router !== undefined ? weight(found.router) : null;
    const blockVectors = [
      ...norms,
      ...queryKeyNorms,
      ...(gemma4 ? [`${at}layer_scalar`] : []),
      ...(config.perLayerEmbeddings ? [weight('post_per_layer_input_norm')] : []),
    ];
    const { expert } = found;
    return {
      q: weight(names.q),
      k: weight(names.k),
      v: weight(names.v),
      o: weight(names.o),
      gate: weight(names.gate),
      up: weight(names.up),
      down: weight(names.down),
      inputNorm: weight(names.inputNorm),
      attentionNorm: weight(names.attentionNorm),
      blockVectors: [
        ...blockVectors.map((key) => ({ key, flattened: false })),
        ...(moe === null || router === null ? [] : [{ key: router, flattened: true }]),
        ...[...(moe?.routing ?? []), ...(moe?.norms ?? [])].map((key) => ({ key, flattened: false })),
      ],
      floatVectors: [...new Set([...norms, ...(moe?.norms ?? [])])],
      queryKeyNorms,
      router,
      packed: hybrid ? { gateUp: `${at}experts.gate_up_proj`, down: `${at}experts.down_proj` } : null,
      expert:
        expert === undefined || !routed
          ? null
          : (number) => {
              const one = (name: string): string => weight(`${expert.at}.${number}.${name}`);
              return { gate: one(expert.gate), up: one(expert.up), down: one(expert.down) };
            },
    };
  };
  return {
    family: found.family,
    prefixes: found.prefixes ?? PREFIXES,
    embeddings: names.embeddings,
    experts,
    hybrid,
    valuesAreKeys: (index) => gemma4 && config.valuesAreKeys && isGlobal(config, index),
    layer,
  };
};

/** Returns the name that larql uses for a tensor. */
export const normalizeKey = (name: string, { prefixes }: Architecture): string => {
  const prefix = prefixes.find((candidate) => name.startsWith(candidate));
  return prefix === undefined ? name : name.slice(prefix.length);
};
