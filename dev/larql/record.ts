import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { jobDirectories, larqlEnvironment, snapshotIn } from '../../larql/environment.js';
import { digestOfModel, RECORDED_MODELS } from './models.js';
import { OUTPUT, SOURCE, writeRecording, type Recording } from './recording.js';

const MODEL = 'labs/recorded';

/** The recorded extractions, each of a model and a quantisation. `npm run record-larql -- <path of larql>` makes them again. */
const RUNS = [
  ['probe', 'q4k'],
  ['llama', 'q4k'],
  ['llama', 'none'],
  ['llama-2', 'q4k'],
  ['gemma', 'q4k'],
] as const;

const readAll = async (directory: string): Promise<ReadonlyMap<string, Buffer>> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const read = paths.toSorted().map(async (path): Promise<[string, Buffer]> => [path.slice(directory.length + 1), await readFile(path)]);
  return new Map(await Promise.all(read));
};

/** Runs `larql extract` on a tiny model, in the environment that SWP gives it, and returns what it printed and wrote. */
const record = async (larql: string, model: string, quant: Recording['quant']): Promise<Recording> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-record-'));
  try {
    const source = RECORDED_MODELS[model]?.();
    if (source === undefined) throw new Error(`No model is named ${model}.`);
    const directories = jobDirectories(directory, join(directory, 'hub'));
    const snapshot = snapshotIn(directories.hubCache, MODEL, '0'.repeat(40));
    const output = join(directory, 'out');
    for (const path of [directories.home, directories.temporary, snapshot]) await mkdir(path, { recursive: true });
    for (const [path, bytes] of source) await writeFile(join(snapshot, path), bytes);
    const options = { env: larqlEnvironment(process.env, directories), extendEnv: false, cwd: directories.home };
    const { stdout: version } = await execa(larql, ['--version'], options);
    const { stderr } = await execa(larql, ['extract', MODEL, '--output', output, '--quant', quant], options);
    return {
      larql: version,
      weights: digestOfModel(source),
      quant,
      stderr: stderr.split('\n').map((line) => line.replaceAll(snapshot, SOURCE).replaceAll(output, OUTPUT)),
      files: await readAll(output),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const [larql] = process.argv.slice(2);
if (larql === undefined) throw new Error('Name the larql to record: npm run record-larql -- <path of larql>');
for (const [model, quant] of RUNS) await writeRecording(`${model}-${quant}`, await record(larql, model, quant));
