import type { ModelConfig } from './model-config.js';
import type { MtpLayout } from './keys.js';

interface Family {
  readonly name: string;
  readonly layouts: readonly MtpLayout[];
  /** A key that only this family's heads have. */
  readonly key: RegExp;
  /** The `model_type` of the config, if the keys do not identify the family. */
  readonly modelType?: RegExp;
}

/** The most specific families first: the first match wins. Sources: vLLM's and mlx-vlm's loaders for each family. */
const FAMILIES: readonly Family[] = [
  { name: 'DeepSeek V4.1 (DSpark)', layouts: ['namespace'], key: /\.(main_proj|confidence_head)\b/ },
  { name: 'DeepSeek V4', layouts: ['namespace'], key: /\.(hc_head_fn|e_proj)\b/ },
  { name: 'Qwen4', layouts: ['namespace'], key: /\b(hyper_connection_mixer|fc_embedding)\b/ },
  { name: 'EXAONE', layouts: ['namespace'], key: /\bpre_fc_norm_hidden\b/, modelType: /exaone/ },
  { name: 'Qwen3-Next or Qwen3.5', layouts: ['namespace'], key: /\bpre_fc_norm_hidden\b/ },
  { name: 'LongCat-Flash', layouts: ['namespace'], key: /\.(enorm\.m|transformer_layer)\./ },
  { name: 'Nemotron-H', layouts: ['namespace'], key: /\.mixer\./ },
  { name: 'MiniMax M3', layouts: ['namespace'], key: /^(language_model\.)?model\.mtp\.layers\./, modelType: /minimax/ },
  { name: 'MiMo-V2', layouts: ['namespace'], key: /^model\.mtp\.layers\./, modelType: /mimo/ },
  { name: 'MiMo', layouts: ['mtp-layers'], key: /\.(token_layernorm|input_proj)\b/ },
  { name: 'ERNIE 4.5', layouts: ['mtp-block'], key: /mtp_block\./ },
  { name: 'Step-3.5', layouts: ['extra-layers'], key: /\.transformer\.shared_head\./ },
  { name: 'Kimi K3', layouts: ['extra-layers'], key: /\.eh_proj\b/, modelType: /kimi/ },
  { name: 'OpenPangu', layouts: ['extra-layers'], key: /\.eh_proj\b/, modelType: /pangu/ },
  { name: 'Bailing', layouts: ['extra-layers'], key: /\.attention\.dense\b/ },
  { name: 'Hunyuan V3', layouts: ['extra-layers'], key: /\.final_layernorm\b/ },
  { name: 'GLM-OCR', layouts: ['extra-layers'], key: /^model\.language_model\.layers\./, modelType: /glm/ },
  { name: 'GLM-5', layouts: ['extra-layers'], key: /\.eh_proj\b/, modelType: /glm_moe_dsa/ },
  { name: 'GLM-4', layouts: ['extra-layers'], key: /\.eh_proj\b/, modelType: /glm/ },
  { name: 'DeepSeek V3.2', layouts: ['extra-layers'], key: /\.self_attn\.indexer\./ },
  { name: 'DeepSeek V3', layouts: ['extra-layers'], key: /\.eh_proj\b/ },
];

/** Returns the family that keys and `model_type` indicate. It only informs people: no byte of the output depends on it. */
export const familyOf = (layouts: ReadonlySet<MtpLayout>, names: readonly string[], { modelType }: ModelConfig): string | null =>
  FAMILIES.find(
    (family) =>
      family.layouts.some((layout) => layouts.has(layout)) &&
      (family.modelType === undefined || (modelType !== null && family.modelType.test(modelType))) &&
      names.some((name) => family.key.test(name)),
  )?.name ?? null;

/**
 * Recognises DSpark, another kind of drafting whose stages have the same namespace; Skulk's loader supports none of
 * them.
 */
export const isDSpark = (family: string | null): boolean => family === 'DeepSeek V4.1 (DSpark)';
