import type { ExtractLevel } from './index-json.js';

/** Quantisations that `larql extract --quant` takes, in the spelling of its index. */
export const QUANTS = ['none', 'q4k'] as const;
export type VindexQuant = (typeof QUANTS)[number];

/** Newer programs also take `kquant`, another name of the same thing. */
export const quantOf = (text: string): VindexQuant | null => {
  const plain = text.toLowerCase();
  if (plain === '' || plain === 'none') return 'none';
  return plain === 'q4k' || plain === 'q4_k' || plain === 'kquant' ? 'q4k' : null;
};

export type VindexSlice = 'full' | 'expert-server';

/** File names of quantised weights: programs since the summer of 2026 write `kquant`, earlier ones `q4k`. */
export type NameGeneration = 'q4k' | 'kquant';

/** How a vindex is extracted. Everything that decides which files it has, and how large they are. */
export interface ExtractOptions {
  readonly quant: VindexQuant;
  /** `larql extract --level`. At q4k all weights are written whatever it says. */
  readonly level: ExtractLevel;
  /** Of what is not quantised. `larql extract` writes F16 unless told otherwise, and always so at q4k. */
  readonly dtype: 'f16' | 'f32';
  /** `larql extract --down-top-k`. */
  readonly downTopK: number;
  readonly names: NameGeneration;
}

/** What `larql extract <model> -o <output> --quant <quant>` does. */
export const extractOptions = (quant: VindexQuant, names: NameGeneration = 'q4k'): ExtractOptions => ({
  quant,
  level: 'inference',
  dtype: 'f16',
  downTopK: 10,
  names,
});

/** Whether attention weights and norms are written. */
export const writesWeights = ({ quant, level }: ExtractOptions): boolean => quant !== 'none' || level !== 'browse';

/** Whether feed-forward weights and the output head are written. */
export const writesFeedForward = ({ quant, level }: ExtractOptions): boolean =>
  quant !== 'none' || level === 'inference' || level === 'all';
