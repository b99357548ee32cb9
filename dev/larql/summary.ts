import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fixed } from './fixed.js';
import type { Progress } from './progress.js';

/** Names from before quantisation: even a successful quantised run reports several of them as not found. */
const LISTED = [
  'index.json',
  'gate_vectors.bin',
  'embeddings.bin',
  'down_meta.jsonl',
  'down_meta.bin',
  'tokenizer.json',
  'attn_weights.bin',
  'up_weights.bin',
  'down_weights.bin',
  'norms.bin',
  'lm_head.bin',
  'weight_manifest.json',
];

const sizeOf = (path: string): string => {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === undefined) return '(not found)';
  const megabytes = bytes / 1024 ** 2;
  if (megabytes > 1024) return `${fixed(megabytes / 1024, 2)} GB`;
  return megabytes > 0.1 ? `${fixed(megabytes, 1)} MB` : `${fixed(bytes / 1024, 1)} KB`;
};

/** Prints the end of an extraction's report. Its total omits the files in `layers/`. */
export const printSummary = (progress: Progress, output: string, since: number): void => {
  const seconds = (performance.now() - since) / 1000;
  progress.say('\n── Summary ──');
  progress.say(`  Output: ${output}`);
  progress.say(`  Build time: ${seconds >= 60 ? `${(seconds / 60).toFixed(1)}min` : `${seconds.toFixed(1)}s`}`);
  for (const name of LISTED) progress.say(`  ${name}: ${sizeOf(join(output, name))}`);
  const total = readdirSync(output).reduce((sum, name) => sum + statSync(join(output, name)).size, 0);
  progress.say(`  Total: ${fixed(total / 1024 ** 3, 2)} GB`);
  progress.say(`\nUsage:\n  larql walk --index ${output} -p "The capital of France is"`);
};
