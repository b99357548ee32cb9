import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files with checksums. Quantised files, manifests, tokenizer, routers and layers have none. */
const COVERED = [
  'norms.bin',
  'gate_vectors.bin',
  'lm_head.bin',
  'down_meta.bin',
  'attn_weights.bin',
  'embeddings.bin',
  'down_weights.bin',
  'up_weights.bin',
  'down_meta.jsonl',
];

/** Returns the digests of some files, unsorted: larql's own order differs from run to run. */
export const checksumsOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    COVERED.filter((name) => existsSync(join(directory, name))).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]),
  );
