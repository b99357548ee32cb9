import { dirname, join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { pathExists } from '../../core/files.js';
import type { Files } from '../../core/machine.js';
import { CHECKPOINT, DOWN_META, EMBEDDINGS, GATE_VECTORS, ROUTER_WEIGHTS, TOKENIZER } from '../../formats/vindex/file-names.js';
import { DONE, LAYER, STAGE } from '../../larql/parse-progress.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import { alterOutput } from './alter-output.js';
import { LARQL_ERRORS, type Behaviour } from './behaviour.js';
import { LarqlError } from './failure.js';
import { readWeights, weightsDigest } from './models.js';
import { isStep, type Progress } from './progress.js';
import { OUTPUT, SOURCE, type Recording } from './recording.js';

export interface Extraction {
  readonly model: string;
  readonly output: string;
  readonly quant: Recording['quant'];
}

/** The machine of a stand-in. */
export interface StandIn {
  readonly files: Files;
  readonly behaviour: Behaviour;
  readonly progress: Progress;
  /** `HF_HUB_CACHE`: where larql looks for models. */
  readonly hubCache: string;
  /** Returns the recording of an extraction of these weights; null if there is none. */
  readonly find: (weights: string, quant: Recording['quant']) => Promise<Recording | null>;
}

const INDEX = 'index.json';

/** Files that larql writes before its weights, by stage. It writes every other file with the weights. */
const STAGE_OF: Readonly<Record<string, string>> = {
  [GATE_VECTORS]: 'gate_vectors',
  [ROUTER_WEIGHTS]: 'router_weights',
  [EMBEDDINGS]: 'embeddings',
  [DOWN_META]: 'down_meta',
  [TOKENIZER]: 'tokenizer',
};

/** Returns the first snapshot of a model with weights in the cache, in no particular order and of any revision, as larql does. */
const snapshotOf = async ({ files, hubCache }: StandIn, model: string): Promise<string> => {
  const snapshots = join(hubCache, `models--${model.replaceAll('/', '--')}`, 'snapshots');
  for (const name of (await pathExists(files, snapshots)) ? await files.readdir(snapshots) : []) {
    const names = await files.readdir(join(snapshots, name));
    if (names.some((file) => file.endsWith('.safetensors'))) return join(snapshots, name);
  }
  throw new LarqlError(LARQL_ERRORS.notCached(model));
};

const findRun = async ({ files, find }: StandIn, snapshot: string, quant: Recording['quant']): Promise<Recording> => {
  const weights = await readWeights(files, snapshot)
    .then(weightsDigest)
    .catch((error: unknown) => {
      throw error instanceof SwpError ? new LarqlError(LARQL_ERRORS.truncatedShard) : error;
    });
  const recording = await find(weights, quant);
  if (recording === null) throw new LarqlError(`The stand-in has no recording of ${snapshot} with --quant ${quant}.`);
  return recording;
};

/** Writes files into the output directory. */
class Output {
  constructor(
    private readonly disk: Files,
    private readonly directory: string,
    private readonly files: ReadonlyMap<string, Uint8Array>,
  ) {}

  async write(path: string, bytes: Uint8Array | string): Promise<void> {
    const file = join(this.directory, path);
    await this.disk.mkdir(dirname(file), { recursive: true });
    await this.disk.writeFile(file, bytes);
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
export const extract = async ({ model, output, quant }: Extraction, standIn: StandIn): Promise<void> => {
  const { files: disk, behaviour, progress } = standIn;
  if (behaviour.announces) progress.say(STAND_IN_MARKER);
  await progress.enter('start');
  const snapshot = await snapshotOf(standIn, model);
  if (!(await pathExists(disk, join(snapshot, TOKENIZER))))
    throw new LarqlError(`tokenizer.json not found at ${join(snapshot, TOKENIZER)}`);
  const { files, stderr } = await findRun(standIn, snapshot, quant);
  await disk.mkdir(output, { recursive: true });
  const target = new Output(disk, output, alterOutput(files, model, behaviour));
  for (const recorded of stderr) {
    const line = recorded.replace(SOURCE, snapshot).replace(OUTPUT, output);
    const [, stage] = STAGE.exec(line) ?? [];
    const [, , layer] = LAYER.exec(line) ?? [];
    const [, done] = DONE.exec(line) ?? [];
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
    await disk.rm(join(output, CHECKPOINT));
  }
};
