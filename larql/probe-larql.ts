import { dirname, join } from 'node:path';
import { messageOf, SwpError } from '../core/error.js';
import { makeDirectory } from '../core/files.js';
import type { Machine } from '../core/machine.js';
import { headerOfFile } from '../formats/safetensors/header.js';
import { generationOf, type BlockGeneration } from '../formats/vindex/quant-blocks.js';
import { compareNumbers } from '../formats/vindex/compare-numbers.js';
import { nameGeneration } from '../formats/vindex/file-names.js';
import { layoutOf } from '../formats/vindex/layout.js';
import { extractOptions, type NameGeneration, type VindexQuant } from '../formats/vindex/extract-options.js';
import { describeSource, type SourceModel } from '../formats/vindex/source-model.js';
import { validateVindex } from '../formats/vindex/validate.js';
import { jobDirectories, larqlEnvironment, snapshotIn } from './environment.js';
import { extractVindex, sliceVindex, type LarqlJob } from './extract-vindex.js';
import type { LarqlProgram } from './find-larql.js';
import { runLarql } from './run-larql.js';
import { STAND_IN_MARKER } from './stand-in.js';
import { tinyModel } from './tiny-model.js';
import { openVindex } from './vindex-directory.js';

/** The capabilities of a larql, determined by a test extraction. */
export interface LarqlCapabilities {
  readonly quants: readonly VindexQuant[];
  readonly expertServer: boolean;
  /** The layout of its Q6_K blocks; `none` if it does not quantise. */
  readonly blocks: BlockGeneration | 'none';
  readonly names: NameGeneration;
  readonly standIn: boolean;
}

const MODEL = 'swp/probe';
const COMMIT = '0'.repeat(40);
const LAYERS = 2;
const HELP_SILENCE_MS = 60_000;
const ROWS = 16;

/** Describes a model from its files, path → bytes. */
export const describeModel = (files: ReadonlyMap<string, Uint8Array>): SourceModel => {
  const described = describeSource(
    JSON.parse(new TextDecoder().decode(files.get('config.json'))),
    [...files].map(([path, bytes]) => {
      if (!path.endsWith('.safetensors')) return { path, size: bytes.byteLength };
      return { path, size: bytes.byteLength, tensors: headerOfFile(bytes).tensors };
    }),
  );
  if ('model' in described) return described.model;
  throw new SwpError('internal', 'larql/probe', `The probe model is invalid: ${described.faults.join('; ')}.`);
};

const writeTiny = async ({ files }: Machine, tiny: ReadonlyMap<string, Uint8Array>, directory: string): Promise<void> => {
  for (const [path, bytes] of tiny) {
    await makeDirectory(files, dirname(join(directory, path)));
    await files.writeFile(join(directory, path), bytes);
  }
};

/** Extracts the tiny model and determines the file names and the block layout of the output. */
const tryQuantised = async (job: LarqlJob, output: string): Promise<Pick<LarqlCapabilities, 'blocks' | 'names'>> => {
  const files = tinyModel();
  await writeTiny(job.machine, files, snapshotIn(job.directories.hubCache, MODEL, COMMIT));
  await extractVindex({ ...job, model: MODEL, output, quant: 'q4k', layers: LAYERS, outputBytes: 0 });
  const vindex = await openVindex(job.machine, output, job);
  try {
    const names = nameGeneration(vindex.files.map(({ path }) => path)) ?? 'q4k';
    const layout = layoutOf(describeModel(files), extractOptions('q4k', names), 'full');
    const problems = await validateVindex(vindex, layout, MODEL);
    const source = {
      read: (path: string, begin: number, end: number) => Promise.resolve(files.get(path)?.subarray(begin, end) ?? new Uint8Array()),
    };
    const compared = problems.length > 0 ? null : await compareNumbers(layout, vindex, source, { seed: 1, rowsPerFile: ROWS });
    const wrong = [...problems, ...(compared?.problems ?? [])][0];
    if (wrong !== undefined || compared === null || compared.blocks === null)
      throw new SwpError(
        'integrity',
        'larql/probe',
        `It extracts a broken vindex from a tiny test model: ${wrong === undefined ? 'the layout of its blocks cannot be determined' : `${wrong.path}: ${wrong.message}`}`,
      );
    return { names, blocks: generationOf(compared.blocks) };
  } finally {
    await vindex.close();
  }
};

/** Returns true if larql accepts the run, false if it rejects the arguments or fails; throws any other error. */
const accepts = async (run: Promise<unknown>): Promise<boolean> => {
  try {
    await run;
    return true;
  } catch (error) {
    if (error instanceof SwpError && (error.code === 'larql/usage' || error.code === 'larql/failed')) return false;
    throw error;
  }
};

/**
 * Determines the capabilities of a larql by extracting a tiny model: its version is the same for every build.
 *
 * @param root the parent of a temporary directory, which is deleted afterwards
 * @throws SwpError `larql/…` if it cannot do even that
 */
export const probeLarql = async (
  machine: Machine,
  program: LarqlProgram,
  root: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<LarqlCapabilities> => {
  const { files } = machine;
  await makeDirectory(files, root);
  const directory = await files.mkdtemp(join(root, 'probe-'));
  const directories = jobDirectories(directory, join(directory, 'hub'));
  const job: LarqlJob = { machine, program, directories, env, signal };
  try {
    await makeDirectory(files, directories.home);
    const help = await runLarql({
      machine,
      program,
      args: ['extract', '--help'],
      env: larqlEnvironment(env, directories),
      cwd: directories.home,
      signal,
      silenceMs: () => HELP_SILENCE_MS,
    });
    const output = join(directory, 'out');
    let tried: Pick<LarqlCapabilities, 'blocks' | 'names'> = { blocks: 'none', names: 'q4k' };
    const quantises = await accepts(
      tryQuantised(job, output).then((found) => {
        tried = found;
      }),
    );
    const slice = { ...job, source: output, output: join(directory, 'slice'), bytes: 0, dryRun: true };
    return {
      ...tried,
      quants: quantises ? ['none', 'q4k'] : ['none'],
      expertServer: quantises && (await accepts(sliceVindex(slice))),
      standIn: help.includes(STAND_IN_MARKER),
    };
  } catch (error) {
    if (!(error instanceof SwpError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new SwpError(error.kind, error.code, `The larql at ${program.path} cannot be used: ${messageOf(error)}`, hint);
  } finally {
    await files.rm(directory, { recursive: true, force: true });
  }
};
