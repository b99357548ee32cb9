import { z } from 'zod';
import { parseJson } from './json.js';
import { PlainPath } from './paths.js';

/** Maximum number of tensors in a manifest: a mixture of 512 experts in 100 layers has 102,400 at quant none. */
const MAX_ENTRIES = 250_000;

const Bytes = z.int().nonnegative();
const Key = z.string().min(1).max(1_000);
const Shape = z.array(Bytes).min(1).max(3);

/** An entry of `attn_weights_q4k_manifest.json` or `interleaved_q4k_manifest.json`. */
const BlockEntry = z.looseObject({
  key: Key,
  /** Rows, and columns padded to whole blocks. */
  shape: Shape,
  format: z.enum(['Q4_K', 'Q6_K']),
  offset: Bytes,
  length: Bytes,
});

/** An entry of `weight_manifest.json`; `file` names the file that contains the bytes. */
const WeightEntry = z.looseObject({
  key: Key,
  kind: z.string().max(40),
  shape: Shape,
  offset: Bytes,
  length: Bytes,
  file: PlainPath,
});

export const BlockManifest = z.array(BlockEntry).max(MAX_ENTRIES);
export type BlockManifest = z.infer<typeof BlockManifest>;
export const WeightManifest = z.array(WeightEntry).max(MAX_ENTRIES);
export type WeightManifest = z.infer<typeof WeightManifest>;

/** @throws SwpError `formats/vindex-json` */
export const parseBlockManifest = (bytes: Uint8Array, name: string): BlockManifest => parseJson(BlockManifest, bytes, name);

/** @throws SwpError `formats/vindex-json` */
export const parseWeightManifest = (bytes: Uint8Array, name: string): WeightManifest => parseJson(WeightManifest, bytes, name);
