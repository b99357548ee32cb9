import type { Matrix } from '../numbers/blocks.js';
import { FEED_FORWARD } from '../source/architecture.js';
import { refuseNaN } from '../source/tensors.js';
import type { Checkpoint } from './checkpoint.js';
import { layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';

const FILE = 'down_meta.bin';
const MAGIC = 0x444d4554;
const VERSION = 1;

interface Ranked {
  readonly id: number;
  readonly score: number;
}

/** Returns the tokens with the highest scores of a feature, best first. Tokens without text are removed after the choice. */
const rank = ({ values, columns }: Matrix, down: Matrix, feature: number, { tokenizer, options }: Extraction): Ranked[] => {
  const scores = Float32Array.from({ length: values.length / columns }, (_, id) => {
    let sum = 0;
    for (let at = 0; at < columns; at += 1) sum += (values[id * columns + at] ?? 0) * (down.values[at * down.columns + feature] ?? 0);
    return sum;
  });
  refuseNaN(scores);
  return Array.from(scores, (score, id) => ({ id, score }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, options.topK)
    .filter(({ id }) => tokenizer.decode(id) !== '');
};

/** Encodes a feature's record: its best token, then `topK` tokens; missing tokens are zeros. */
const record = (ranked: readonly Ranked[], topK: number): Uint8Array => {
  const bytes = new Uint8Array(8 * (1 + topK));
  const view = new DataView(bytes.buffer);
  for (const [at, entry] of [ranked[0], ...ranked].entries()) {
    view.setUint32(at * 8, entry?.id ?? 0, true);
    view.setFloat32(at * 8 + 4, entry?.score ?? 0, true);
  }
  return bytes;
};

const integers = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** Counts whole words as larql does: tokens of at least three letters, digits, hyphens or apostrophes. */
const countWords = ({ tokenizer }: Extraction, vocabulary: number): number =>
  Array.from({ length: vocabulary }, (_, id) => tokenizer.decode(id)).filter((token) => /^[A-Za-z0-9'-]{3,}$/.test(token)).length;

/** Returns the down matrices of a layer whose features are described: the dense matrix, or those of all experts. */
const downsOf = ({ tensors, architecture: { experts }, config }: Extraction, layer: number): Matrix[] => {
  const names =
    experts === null || experts.hybrid ? [FEED_FORWARD.down] : Array.from({ length: config.experts }, (_, at) => experts.expert(at).down);
  return names.map((name) => tensors.matrix(layerKey(layer, name))).filter((matrix) => matrix !== null);
};

/** Writes `down_meta.bin`: the best tokens of every feature of every layer. This is the slow stage of a real extraction. */
export const writeDownMeta = async (extraction: Extraction, checkpoint: Checkpoint, embeddings: Matrix): Promise<void> => {
  const { options, progress, config } = extraction;
  await progress.stage('down_meta');
  const done = checkpoint.has('down_meta');
  if (done) progress.say(`  Skipping down_meta phase (reusing existing ${FILE})`);
  progress.say(`    Whole-word vocab: ${countWords(extraction, embeddings.rows)} tokens (of ${embeddings.rows})`);
  if (done) return;
  const records: Uint8Array[] = [integers(MAGIC, VERSION, config.layers, options.topK)];
  for (const layer of layerNumbers(extraction)) {
    const since = performance.now();
    const features = downsOf(extraction, layer).flatMap((down) =>
      Array.from({ length: down.columns }, (_, feature) => record(rank(embeddings, down, feature, extraction), options.topK)),
    );
    records.push(integers(features.length), ...features);
    await progress.layerDone('down', layer, since);
  }
  const file = new OutputFile(options.output, FILE);
  for (const bytes of records) file.append(bytes);
  file.close();
  progress.stageDone();
  checkpoint.finish('down_meta');
};
