import type { Dtype } from '../../../formats/dtype.js';

export type Shapes = Readonly<Record<string, readonly [Dtype, ...number[]]>>;

/** Heads of one family in miniature, as its checkpoints hold them. */
export interface FamilyCase {
  readonly family: string;
  readonly config: unknown;
  readonly shapes: Shapes;
  readonly heads: number;
  /** Output names for Skulk, in order. */
  readonly skulk: readonly string[];
  readonly drafter?: 'qwen' | 'deepseek';
  readonly warnings?: readonly string[];
  readonly dropped?: readonly string[];
}

/** The config of a checkpoint in FP8 with a scale for each 128 × 128. */
export const FP8_BLOCKS = { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } };

export const sorted = (list: readonly string[]): string[] => list.toSorted();
