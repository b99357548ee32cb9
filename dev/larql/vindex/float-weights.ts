import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reaches } from '../extract-options.js';
import { LarqlError } from '../failure.js';
import { ATTENTION, FEED_FORWARD } from '../source/architecture.js';
import { encodeFloats, layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';
import { appendFloats, writeManifest, type WeightEntry } from './manifest.js';

const appendMatrix = (extraction: Extraction, file: OutputFile, key: string): WeightEntry[] => {
  const matrix = extraction.tensors.matrix(key);
  if (matrix === null) return [];
  const shape = [matrix.rows, matrix.columns];
  return [appendFloats(file, extraction.options.dtype, { key, kind: 'tensor', shape, values: matrix.values })];
};

const appendVector = (extraction: Extraction, file: OutputFile, key: string): WeightEntry[] => {
  const values = extraction.tensors.vector(key);
  return values === null ? [] : [appendFloats(file, extraction.options.dtype, { key, kind: 'vector', shape: [values.length], values })];
};

/** Writes query, key, value and output of every layer, and the norms of its heads. */
const writeAttention = async (extraction: Extraction): Promise<WeightEntry[]> => {
  const file = new OutputFile(extraction.options.output, 'attn_weights.bin');
  const entries: WeightEntry[] = [];
  for (const layer of layerNumbers(extraction)) {
    entries.push(...ATTENTION.flatMap((name) => appendMatrix(extraction, file, layerKey(layer, name))));
    entries.push(...extraction.architecture.headNorms.flatMap((name) => appendVector(extraction, file, layerKey(layer, name))));
    await extraction.progress.layerDone('attn_weights', layer);
  }
  file.close();
  return entries;
};

/** Writes up and down of every layer, dense or of its experts, and the router of experts. Gates are in `gate_vectors.bin`. */
const writeUpAndDown = async (extraction: Extraction): Promise<WeightEntry[]> => {
  const { options, config, architecture } = extraction;
  const { experts } = architecture;
  const up = new OutputFile(options.output, 'up_weights.bin');
  const down = new OutputFile(options.output, 'down_weights.bin');
  const entries: WeightEntry[] = [];
  for (const layer of layerNumbers(extraction)) {
    // Leaves out both the dense part and the packed experts of a hybrid: larql reads only experts in tensors of their own.
    const parts =
      experts === null ? [FEED_FORWARD] : experts.hybrid ? [] : Array.from({ length: config.experts }, (_, at) => experts.expert(at));
    for (const part of parts)
      entries.push(
        ...appendMatrix(extraction, up, layerKey(layer, part.up)),
        ...appendMatrix(extraction, down, layerKey(layer, part.down)),
      );
    if (experts !== null) entries.push(...appendMatrix(extraction, up, layerKey(layer, experts.router)));
    await extraction.progress.layerDone('up/down_weights', layer);
  }
  up.close();
  down.close();
  return entries;
};

const writeNorms = (extraction: Extraction): WeightEntry[] => {
  const { options, architecture } = extraction;
  const file = new OutputFile(options.output, 'norms.bin');
  const names = [...new Set([...architecture.norms, ...architecture.expertVectors.filter((name) => name.includes('layernorm'))])];
  const keys = layerNumbers(extraction).flatMap((layer) => names.map((name) => layerKey(layer, name)));
  const entries = [...keys, 'norm.weight'].flatMap((key) => appendVector(extraction, file, key));
  file.close();
  return entries;
};

const writeHead = ({ tensors, options }: Extraction): WeightEntry[] => {
  const head = tensors.matrix('lm_head.weight') ?? tensors.matrix('output.weight');
  if (head === null) return [];
  const bytes = encodeFloats(head.values, options.dtype);
  writeFileSync(join(options.output, 'lm_head.bin'), bytes);
  const shape = [head.rows, head.columns];
  return [{ key: 'lm_head.weight', kind: 'tensor', shape, offset: 0, length: bytes.byteLength, file: 'lm_head.bin' }];
};

/**
 * Writes the weights of the level as floats.
 *
 * @throws LarqlError
 */
export const writeFloatWeights = async (extraction: Extraction): Promise<void> => {
  const { options, progress, architecture } = extraction;
  if (!reaches(options.level, 'attention')) return;
  await progress.stage('model_weights');
  const full = reaches(options.level, 'inference');
  const entries = await writeAttention(extraction);
  if (full && options.compact && architecture.experts !== null)
    throw new LarqlError(
      "parse error: ffn_compact not yet supported for MoE architectures — per-expert feature-major files don't exist yet",
    );
  if (full && !options.compact) entries.push(...(await writeUpAndDown(extraction)));
  entries.push(...writeNorms(extraction));
  if (full) entries.push(...writeHead(extraction));
  writeManifest(options.output, 'weight_manifest.json', entries);
  progress.stageDone();
};
