import { z } from 'zod';

/**
 * The parts of a checkpoint's `config.json` that concern its heads. They are only evidence: some configs claim heads that
 * do not exist, and others do not mention heads that do.
 */
export interface ModelConfig {
  readonly modelType: string | null;
  /** The number of layers in the trunk; a layer with this index or a higher one is a head. */
  readonly layers: number | null;
  /** The number of heads that the config claims; null if it claims none. */
  readonly claimedHeads: number | null;
  /** The number of physical layers of one head, if a pattern names several. */
  readonly layersPerHead: number;
  readonly quantization: Quantization | null;
}

/** The fields of `quantization_config` that decoding needs. */
export interface Quantization {
  /** The method or format, in the config's spelling. */
  readonly method: string;
  /** The rows and columns that share a scale. */
  readonly block: readonly [number, number] | null;
  /** Present if the config declares every group of weights as 4-bit symmetric integers. */
  readonly int4: { readonly groupSize: number | null } | null;
}

type Fields = Readonly<Record<string, unknown>>;

const Fields = z.record(z.string(), z.unknown());
const Count = z.int().nonnegative().max(1_000_000);
const Block = z.tuple([z.int().positive(), z.int().positive()]);

const fieldsOf = (value: unknown): Fields | null => {
  const parsed = Fields.safeParse(value);
  return parsed.success ? parsed.data : null;
};

const countOf = (value: unknown): number | null => {
  const parsed = Count.safeParse(value);
  return parsed.success ? parsed.data : null;
};

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Returns the configs of the language model, the outermost first: multimodal models nest them. */
const languageConfigs = (config: unknown): Fields[] => {
  const top = fieldsOf(config);
  if (top === null) return [];
  const nested = ['text_config', 'llm_config', 'language_config'].map((name) => fieldsOf(top[name]));
  const thinker = fieldsOf(fieldsOf(top['thinker_config'])?.['text_config']);
  return [top, ...nested, thinker].filter((found) => found !== null);
};

const HEAD_FIELDS = ['num_nextn_predict_layers', 'num_mtp_modules', 'mtp_num_hidden_layers'] as const;

const headClaims = (configs: readonly Fields[]): number[] =>
  configs
    .flatMap((config) => [config, fieldsOf(config['mtp_config'])])
    .flatMap((config) => (config === null ? [] : HEAD_FIELDS.map((name) => countOf(config[name]))))
    .filter((count) => count !== null);

const Weights = z.object({
  num_bits: z.unknown().optional(),
  type: z.unknown().optional(),
  symmetric: z.unknown().optional(),
  group_size: z.unknown().optional(),
  block_structure: z.unknown().optional(),
});

/** Returns the groups of compressed-tensors: each defines how the weights of some layers are stored. */
const weightGroups = (quantization: Fields): z.infer<typeof Weights>[] =>
  Object.values(fieldsOf(quantization['config_groups']) ?? {}).flatMap((group) => {
    const parsed = Weights.safeParse(fieldsOf(group)?.['weights']);
    return parsed.success ? [parsed.data] : [];
  });

const readQuantization = (value: unknown): Quantization | null => {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const groups = weightGroups(fields);
  const blocks = [fields['weight_block_size'], ...groups.map((group) => group.block_structure)].map((block) => Block.safeParse(block));
  const allInt4 =
    groups.length > 0 && groups.every(({ num_bits, type, symmetric }) => num_bits === 4 && type === 'int' && symmetric === true);
  const sizes = new Set(groups.map((group) => countOf(group.group_size)));
  return {
    method: textOf(fields['format']) ?? textOf(fields['quant_algo']) ?? textOf(fields['quant_method']) ?? 'unnamed',
    block: blocks.find((block) => block.success)?.data ?? null,
    int4: allInt4 && sizes.size === 1 ? { groupSize: [...sizes][0] ?? null } : null,
  };
};

/**
 * Reads the model config.
 *
 * @param config the parsed but unvalidated `config.json`
 * @param modelOpt the parsed `hf_quant_config.json` of a checkpoint that ModelOpt wrote, if there is one
 */
export const readModelConfig = (config: unknown, modelOpt?: unknown): ModelConfig => {
  const configs = languageConfigs(config);
  const claims = headClaims(configs);
  const pattern = configs.map((found) => textOf(found['mtp_hybrid_override_pattern'])).find((found) => found !== null);
  const quantized = [
    ...configs.flatMap((found) => [found['quantization_config'], found['compression_config']]),
    fieldsOf(modelOpt)?.['quantization'],
  ].map(readQuantization);
  return {
    modelType: configs.map((found) => textOf(found['model_type'])).find((found) => found !== null) ?? null,
    layers: configs.map((found) => countOf(found['num_hidden_layers'])).find((found) => found !== null) ?? null,
    claimedHeads: claims.find((count) => count > 0) ?? claims[0] ?? null,
    layersPerHead: pattern?.length ?? 1,
    quantization: quantized.find((found) => found !== null) ?? null,
  };
};
