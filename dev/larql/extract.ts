import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import { alterOutput } from './alter-output.js';
import { LARQL_ERRORS, type Behaviour } from './behaviour.js';
import { LarqlError } from './failure.js';
import { readWeights, weightsDigest } from './models.js';
import { isStep, type Progress } from './progress.js';
import { findRecording, OUTPUT, SOURCE, type Recording } from './recording.js';

export interface Extraction {
  readonly model: string;
  readonly output: string;
  readonly quant: Recording['quant'];
}

const INDEX = 'index.json';
const CHECKPOINT = '.extract_checkpoint.json';

/** Files that larql writes before its weights, by stage. It writes every other file with the weights. */
const STAGE_OF: Readonly<Record<string, string>> = {
  'gate_vectors.bin': 'gate_vectors',
  'router_weights.bin': 'router_weights',
  'embeddings.bin': 'embeddings',
  'down_meta.bin': 'down_meta',
  'tokenizer.json': 'tokenizer',
};

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Returns the first snapshot of a model with weights in the cache, in no particular order and of any revision, as larql does. */
const snapshotOf = (model: string): string => {
  const snapshots = join(process.env['HF_HUB_CACHE'] ?? '.', `models--${model.replaceAll('/', '--')}`, 'snapshots');
  const found = isDirectory(snapshots) ? readdirSync(snapshots).map((name) => join(snapshots, name)) : [];
  const snapshot = found.find((path) => readdirSync(path).some((name) => name.endsWith('.safetensors')));
  if (snapshot === undefined) throw new LarqlError(LARQL_ERRORS.notCached(model));
  return snapshot;
};

const findRun = async (snapshot: string, quant: Recording['quant']): Promise<Recording> => {
  const weights = await readWeights(snapshot)
    .then(weightsDigest)
    .catch((error: unknown) => {
      throw error instanceof SwpError ? new LarqlError(LARQL_ERRORS.truncatedShard) : error;
    });
  const recording = await findRecording(weights, quant);
  if (recording === null) throw new LarqlError(`The stand-in has no recording of ${snapshot} with --quant ${quant}.`);
  return recording;
};

/** Writes files into the output directory. */
class Output {
  constructor(
    private readonly directory: string,
    private readonly files: ReadonlyMap<string, Uint8Array>,
  ) {}

  async write(path: string, bytes: Uint8Array | string): Promise<void> {
    const file = join(this.directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }

  /** Writes the files of a stage, up to a share of their bytes: larql writes in place. */
  async writeStage(stage: string, share: number): Promise<void> {
    for (const [path, bytes] of this.files) {
      const isOfStage = path in STAGE_OF ? STAGE_OF[path] === stage : path !== INDEX && stage.startsWith('model_weights');
      if (isOfStage) await this.write(path, bytes.subarray(0, Math.ceil(bytes.byteLength * share)));
    }
  }

  /** The index, which larql writes before the weights without checksums, and again at the end. */
  async writeIndex(isComplete: boolean): Promise<void> {
    const index = z.looseObject({}).parse(JSON.parse(Buffer.from(this.files.get(INDEX) ?? '{}').toString()));
    await this.write(INDEX, JSON.stringify(isComplete ? index : { ...index, has_model_weights: false, checksums: null }, null, 2));
  }
}

/**
 * Replays the recorded extraction of these weights: prints its messages, and writes its files in place, stage by stage.
 *
 * @throws LarqlError, Panic
 */
export const extract = async ({ model, output, quant }: Extraction, behaviour: Behaviour, progress: Progress): Promise<void> => {
  if (behaviour.announces) progress.say(STAND_IN_MARKER);
  await progress.enter('start');
  const snapshot = snapshotOf(model);
  if (!existsSync(join(snapshot, 'tokenizer.json')))
    throw new LarqlError(`tokenizer.json not found at ${join(snapshot, 'tokenizer.json')}`);
  const { files, stderr } = await findRun(snapshot, quant);
  await mkdir(output, { recursive: true });
  const target = new Output(output, alterOutput(files, model, behaviour));
  for (const recorded of stderr) {
    const line = recorded.replace(SOURCE, snapshot).replace(OUTPUT, output);
    const [, stage] = /^── (\S+) ──$/.exec(line) ?? [];
    const [, layer] = /^ {2}\S+ L\s*(\d+): /.exec(line) ?? [];
    const [, done] = /^ {2}(\w+): [\d.]+s$/.exec(line) ?? [];
    if (layer !== undefined) await progress.finishLayer(Number(layer));
    if (done !== undefined) await target.writeStage(done, 1);
    progress.say(line);
    if (stage !== undefined && isStep(stage)) {
      await target.writeStage(stage, 0.5);
      await progress.enter(stage);
    }
    if (done === 'gate_vectors') await target.write(CHECKPOINT, '{}');
    if (done === 'tokenizer') await target.writeIndex(false);
    if (done?.startsWith('model_weights') !== true) continue;
    await progress.enter('checksums');
    await target.writeIndex(true);
    await rm(join(output, CHECKPOINT));
  }
};
