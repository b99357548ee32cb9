import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Behaviour } from './behaviour.js';
import { reaches, type ExtractOptions } from './extract-options.js';
import { LarqlError } from './failure.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import type { Progress } from './progress.js';
import { printSummary } from './summary.js';
import { architectureOf, refuseLatentAttention } from './source/architecture.js';
import { readConfig } from './source/config.js';
import { resolveModel } from './source/resolve.js';
import { Tensors } from './source/tensors.js';
import { readTokenizer } from './source/tokenizer.js';
import { Checkpoint } from './vindex/checkpoint.js';
import { checksumsOf } from './vindex/checksums.js';
import { writeDownMeta } from './vindex/down-meta.js';
import { writeEmbeddings } from './vindex/embeddings.js';
import type { Extraction } from './vindex/extraction.js';
import { writeFloatWeights } from './vindex/float-weights.js';
import { writeGateVectors } from './vindex/gate-vectors.js';
import { firstIndex, readIndex, writeIndex } from './vindex/index-json.js';
import { writeQuantisedWeights } from './vindex/quantised-weights.js';
import { writeRouterWeights } from './vindex/router-weights.js';

const SIDE_FILES = ['tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'chat_template.jinja'];

/** Refuses options that require quantisation. */
const refuseUnquantised = (options: ExtractOptions): void => {
  if (options.quantised) return;
  const honoured = 'only the Q4K writer honours this flag';
  if (options.dropsGate) throw new LarqlError('--drop-gate-vectors requires --quant q4k (gate is rebuilt from Q4K at load)');
  if (options.downQ4K) throw new LarqlError(`--down-q4k requires --quant q4k (${honoured})`);
  if (options.featureMajorDown) throw new LarqlError(`--feature-major-down requires --quant q4k (${honoured})`);
};

/** Prepares an extraction before any output; checks the input in larql's order. */
const open = (options: ExtractOptions, behaviour: Behaviour, progress: Progress): Extraction => {
  if (options.fromVectors !== undefined) throw new LarqlError('The stand-in builds nothing from vectors.');
  if (options.featureMajorDown && options.quantised) throw new LarqlError('The stand-in writes no feature-major files.');
  const { model } = options;
  if (model === undefined) throw new LarqlError('Either provide a model name or use --from-vectors');
  const directory = resolveModel(model, process.env);
  const quant = options.quantised ? behaviour.names : 'none';
  progress.say(`Extracting: ${directory} → ${options.output} (level=${options.level}, dtype=${options.dtype}, quant=${quant})`);
  const tokenizer = readTokenizer(directory);
  refuseUnquantised(options);
  const config = readConfig(directory);
  if (reaches(options.level, 'attention')) refuseLatentAttention(config, 'extract pipeline');
  mkdirSync(options.output, { recursive: true });
  const tensors = new Tensors(directory, behaviour.skips);
  return { model, directory, options, config, architecture: architectureOf(config), tensors, tokenizer, behaviour, progress };
};

const writeWeights = async (extraction: Extraction): Promise<void> => {
  const { options, architecture } = extraction;
  if (options.quantised) await writeQuantisedWeights(extraction);
  else await writeFloatWeights(extraction);
  if (!options.quantised && !reaches(options.level, 'attention')) return;
  const layout = options.quantised && architecture.experts?.hybrid === true ? { ffn_layout: 'per_layer' as const } : {};
  writeIndex(options.output, { ...readIndex(options.output), has_model_weights: true, ...layout });
};

const copySideFiles = ({ directory, options }: Extraction): void => {
  for (const name of SIDE_FILES) if (existsSync(join(directory, name))) copyFileSync(join(directory, name), join(options.output, name));
};

/**
 * Runs `larql extract`: writes all files in place, `index.json` before the weights, and all messages to stderr.
 *
 * @throws LarqlError, Panic
 */
export const extract = async (options: ExtractOptions, behaviour: Behaviour, progress: Progress): Promise<void> => {
  const since = performance.now();
  if (behaviour.announces) progress.say(STAND_IN_MARKER);
  await progress.enter('start');
  const extraction = open(options, behaviour, progress);
  await progress.stage('loading');
  progress.say(`  Streaming mode: ${extraction.tensors.shards} safetensors shards (mmap'd, not loaded)`);
  const checkpoint = Checkpoint.open(extraction);
  extraction.tensors.open(extraction.architecture.prefixes);
  progress.stageDone();
  const layers = await writeGateVectors(extraction, checkpoint);
  await writeRouterWeights(extraction);
  const embeddings = await writeEmbeddings(extraction);
  await writeDownMeta(extraction, checkpoint, embeddings);
  await progress.stage('tokenizer');
  writeFileSync(join(options.output, 'tokenizer.json'), extraction.tokenizer.json);
  progress.stageDone();
  writeIndex(options.output, firstIndex(extraction, layers, embeddings.rows));
  await writeWeights(extraction);
  await progress.enter('checksums');
  writeIndex(options.output, { ...readIndex(options.output), checksums: checksumsOf(options.output) });
  checkpoint.clear();
  copySideFiles(extraction);
  printSummary(progress, options.output, since);
};
