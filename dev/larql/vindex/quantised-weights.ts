import { padRows, quantise, type BlockFormat, type Matrix } from '../numbers/blocks.js';
import { ATTENTION, FEED_FORWARD, refuseLatentAttention } from '../source/architecture.js';
import { layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';
import { fileNames } from './file-names.js';
import { writeLayerFiles } from './layer-files.js';
import { writeManifest, type WeightEntry } from './manifest.js';
import { writeQuantisedNorms } from './quantised-norms.js';

interface QuantisedEntry {
  readonly key: string;
  readonly shape: readonly [rows: number, paddedColumns: number];
  readonly format: BlockFormat;
  readonly offset: number;
  readonly length: number;
}

const append = (file: OutputFile, key: string, matrix: Matrix, format: BlockFormat, { behaviour }: Extraction): QuantisedEntry => {
  const { values, rows, columns } = padRows(matrix);
  return { key, shape: [rows, columns], format, ...file.append(quantise(values, format, behaviour.blocks)) };
};

/** Returns a matrix of a layer's attention. A missing value projection is the key projection, if the architecture shares it. */
const attentionMatrix = ({ tensors, architecture }: Extraction, layer: number, name: string): Matrix | null => {
  const [, key = '', value] = ATTENTION;
  const own = tensors.matrix(layerKey(layer, name));
  return own === null && name === value && architecture.sharesValue(layer) ? tensors.matrix(layerKey(layer, key)) : own;
};

const writeAttention = async (extraction: Extraction, name: string): Promise<void> => {
  const { options, progress } = extraction;
  const file = new OutputFile(options.output, `${name}.bin`);
  const entries: QuantisedEntry[] = [];
  for (const layer of layerNumbers(extraction)) {
    for (const [at, projection] of ATTENTION.entries()) {
      const matrix = attentionMatrix(extraction, layer, projection);
      if (matrix !== null) entries.push(append(file, layerKey(layer, projection), matrix, at === 2 ? 'Q6_K' : 'Q4_K', extraction));
    }
    await progress.layerDone('attn_q4k', layer);
  }
  file.close();
  writeManifest(options.output, `${name}_manifest.json`, entries);
};

/** Writes only dense tensors: for a model whose layers have only experts, it writes no weights and prints no warning. */
const writeFeedForward = async (extraction: Extraction, name: string): Promise<void> => {
  const { options, progress, tensors } = extraction;
  const file = new OutputFile(options.output, `${name}.bin`);
  const downFormat = options.downQ4K ? 'Q4_K' : 'Q6_K';
  const entries: QuantisedEntry[] = [];
  for (const layer of layerNumbers(extraction)) {
    for (const [part, format] of [['gate', 'Q4_K'] as const, ['up', 'Q4_K'] as const, ['down', downFormat] as const]) {
      const key = layerKey(layer, FEED_FORWARD[part]);
      const matrix = tensors.matrix(key);
      if (matrix !== null) entries.push(append(file, key, matrix, format, extraction));
    }
    await progress.layerDone('ffn_q4k', layer);
  }
  file.close();
  writeManifest(options.output, `${name}_manifest.json`, entries);
};

/** Quantises the head, if the source has one. A tied head leaves no file. */
const writeHead = ({ tensors, options, behaviour }: Extraction, name: string): WeightEntry[] => {
  const head = tensors.matrix('lm_head.weight') ?? tensors.matrix('output.weight');
  if (head === null) return [];
  const { values, rows, columns } = padRows(head);
  const file = new OutputFile(options.output, `${name}.bin`);
  const written = file.append(quantise(values, 'Q4_K', behaviour.blocks));
  file.close();
  return [{ key: 'lm_head.weight', kind: 'tensor_q4k', shape: [rows, columns], ...written, file: file.name }];
};

/**
 * Writes all weights as blocks of four and six bits, at every level.
 *
 * @throws LarqlError, Panic
 */
export const writeQuantisedWeights = async (extraction: Extraction): Promise<void> => {
  const { options, progress, behaviour } = extraction;
  const names = fileNames(behaviour.names);
  await progress.stage('model_weights_q4k');
  // At level `browse`, this was not checked before.
  refuseLatentAttention(extraction.config, 'q4k weight writer');
  await writeAttention(extraction, names.attention);
  await writeFeedForward(extraction, names.feedForward);
  writeLayerFiles(extraction);
  const entries = [...writeQuantisedNorms(extraction), ...writeHead(extraction, names.head)];
  writeManifest(options.output, 'weight_manifest.json', entries);
  progress.stageDone();
};
