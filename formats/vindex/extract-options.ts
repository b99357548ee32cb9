import type { ExtractLevel } from './index-json.js';

/** Quantisations that `larql extract --quant` accepts, in the spelling of its index. */
export const QUANTS = ['none', 'q4k'] as const;
export type VindexQuant = (typeof QUANTS)[number];

/** Parses a quantisation; newer versions of larql also accept `kquant`, another name for q4k. */
export const quantOf = (text: string): VindexQuant | null => {
  const plain = text.toLowerCase();
  if (plain === '' || plain === 'none') return 'none';
  return plain === 'q4k' || plain === 'q4_k' || plain === 'kquant' ? 'q4k' : null;
};

export type VindexSlice = 'full' | 'expert-server';

/** The suffix in file names of quantised weights: larql writes `kquant` since the summer of 2026, and `q4k` before. */
export type NameGeneration = 'q4k' | 'kquant';

/** The options of an extraction: everything that determines the files of a vindex and their sizes. */
export interface ExtractOptions {
  readonly quant: VindexQuant;
  /** `larql extract --level`. At q4k, larql writes all weights at any level. */
  readonly level: ExtractLevel;
  /** The dtype of unquantised data. `larql extract` writes F16 by default, and always at q4k. */
  readonly dtype: 'f16' | 'f32';
  /** `larql extract --down-top-k`. */
  readonly downTopK: number;
  readonly names: NameGeneration;
}

/** Returns the options of `larql extract <model> -o <output> --quant <quant>`. */
export const extractOptions = (quant: VindexQuant, names: NameGeneration = 'q4k'): ExtractOptions => ({
  quant,
  level: 'inference',
  dtype: 'f16',
  downTopK: 10,
  names,
});

/** Returns true if attention weights and norms are written. */
export const writesWeights = ({ quant, level }: ExtractOptions): boolean => quant !== 'none' || level !== 'browse';

/** Returns true if feed-forward weights and the output head are written. */
export const writesFeedForward = ({ quant, level }: ExtractOptions): boolean =>
  quant !== 'none' || level === 'inference' || level === 'all';
