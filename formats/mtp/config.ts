/** Where a model's config keeps the numbers of its language model; multimodal ones nest it. */
const NESTS = ['text_config', 'llm_config', 'language_config', 'thinker_config'] as const;

/** The names under which families say how many MTP heads they have. */
const HEAD_FIELDS = ['mtp_num_hidden_layers', 'num_nextn_predict_layers', 'num_mtp_modules'] as const;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * How many MTP heads a config claims; null where it says nothing. A claim is evidence and no more: some
 * checkpoints claim heads that they do not ship.
 */
export const claimedHeads = (config: unknown): number | null => {
  if (!isRecord(config)) return null;
  for (const field of HEAD_FIELDS) {
    const value = config[field];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  }
  for (const nest of NESTS) {
    const nested = claimedHeads(config[nest]);
    if (nested !== null) return nested;
  }
  return null;
};
