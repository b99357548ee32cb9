import type { Behaviour } from '../behaviour.js';

/** Returns the names of the quantised files. larqls since mid-2026 name them after all of GGML's k-quants. */
export const fileNames = (names: Behaviour['names']): { attention: string; feedForward: string; head: string; downFeatures: string } => ({
  attention: `attn_weights_${names}`,
  feedForward: `interleaved_${names}`,
  head: names === 'q4k' ? 'lm_head_q4' : 'lm_head_kquant',
  downFeatures: `down_features_${names}`,
});
