import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Not the quantised files, nor manifests, tokenizer, routers or layers. */
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

/** Digests of some files, in no sorted order: larql's own order differs from run to run. */
export const checksumsOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    COVERED.filter((name) => existsSync(join(directory, name))).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]),
  );
