import type { NameGeneration } from './extract-options.js';

export const TOKENIZER = 'tokenizer.json';
export const EMBEDDINGS = 'embeddings.bin';
export const GATE_VECTORS = 'gate_vectors.bin';
export const DOWN_META = 'down_meta.bin';
export const ROUTER_WEIGHTS = 'router_weights.bin';
export const NORMS = 'norms.bin';
export const WEIGHT_MANIFEST = 'weight_manifest.json';
export const PER_LAYER_EMBEDDINGS = 'ple_weights.bin';
export const ATTENTION = 'attn_weights.bin';
export const UP_WEIGHTS = 'up_weights.bin';
export const DOWN_WEIGHTS = 'down_weights.bin';
export const OUTPUT_HEAD = 'lm_head.bin';
export const CHECKPOINT = '.extract_checkpoint.json';

/** Returns the names of quantised files (larql-vindex/src/format/filenames.rs, before and after the renaming). */
export const blockFileNames = (names: NameGeneration) => ({
  attention: `attn_weights_${names}.bin`,
  attentionManifest: `attn_weights_${names}_manifest.json`,
  interleaved: `interleaved_${names}.bin`,
  interleavedManifest: `interleaved_${names}_manifest.json`,
  outputHead: names === 'q4k' ? 'lm_head_q4.bin' : 'lm_head_kquant.bin',
});

/** Returns the path of the experts of one layer. */
export const layerFile = (layer: number): string => `layers/layer_${String(layer).padStart(2, '0')}.weights`;

/** Determines which of two generations wrote these files; returns null if no name shows it, as at quant none. */
export const nameGeneration = (paths: Iterable<string>): NameGeneration | null => {
  for (const path of paths) {
    if (/_kquant(?:_manifest\.json|\.bin)$/.test(path)) return 'kquant';
    if (/_q4k(?:_manifest\.json|\.bin)$/.test(path) || path === 'lm_head_q4.bin') return 'q4k';
  }
  return null;
};

/** The files for which larql records checksums if they exist (larql-vindex/src/format/checksums.rs). */
export const CHECKSUMMED = [GATE_VECTORS, EMBEDDINGS, DOWN_META, ATTENTION, UP_WEIGHTS, DOWN_WEIGHTS, NORMS, OUTPUT_HEAD] as const;

/** Returns true for the files that the preset `expert-server` of `larql slice` copies (larql-cli slice_cmd.rs). */
export const inExpertServer = (path: string): boolean =>
  path === 'index.json' ||
  [EMBEDDINGS, NORMS, TOKENIZER, WEIGHT_MANIFEST, UP_WEIGHTS, DOWN_WEIGHTS].includes(path) ||
  path.startsWith('interleaved') ||
  path.startsWith('layers/');
