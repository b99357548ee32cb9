import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { BehaviourInput } from '../../../dev/larql/behaviour.js';
import { installStandIn } from '../../../dev/larql/install.js';

export interface Job {
  readonly directory: string;
  /** Starts a larql in the job's directory, with a minimal environment. */
  start(program: string, args: readonly string[]): Running;
  run(program: string, args: readonly string[]): Promise<Ended>;
  /** Puts the files of a model into the job's cache. */
  stage(repo: string, files: ReadonlyMap<string, Uint8Array>): Promise<string>;
  /** Installs a launcher of the stand-in. */
  standIn(behaviour?: BehaviourInput): Promise<string>;
  path(...names: string[]): string;
}

interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Stops reading its stderr. */
  closeStderr(): void;
  stderr(): string;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const DRAIN_MS = 3000;

const start = (program: string, args: readonly string[], cwd: string): Running => {
  const env = { PATH: process.env['PATH'], HOME: cwd, HF_HUB_CACHE: join(cwd, 'hub') };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const read = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (read.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (read.stderr += text));
  const closed = once(child, 'close');
  const ended = once(child, 'exit').then(async ([code, signal]: unknown[]) => {
    // A child that it leaves behind keeps its streams open: wait only briefly for its own output.
    await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })]);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...read };
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    pid: child.pid!,
    ended,
    kill: (signal) => void child.kill(signal),
    closeStderr: () => void child.stderr.destroy(),
    stderr: () => read.stderr,
  };
};

export const openJob = async (): Promise<Job> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-larql-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return {
    directory,
    path: (...names) => join(directory, ...names),
    start: (program, args) => start(program, args, directory),
    run: (program, args) => start(program, args, directory).ended,
    standIn: (behaviour) => installStandIn(join(directory, 'bin'), behaviour),
    stage: async (repo, files) => {
      const snapshot = join(directory, 'hub', `models--${repo.replace('/', '--')}`, 'snapshots', 'a'.repeat(40));
      await mkdir(snapshot, { recursive: true });
      for (const [path, bytes] of files) await writeFile(join(snapshot, path), bytes);
      return snapshot;
    },
  };
};

/** Every file below a directory with its size. */
export const sizesIn = (directory: string): Record<string, number> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(directory, name)).isFile())
      .map((name) => [name, statSync(join(directory, name)).size]),
  );

export const json = (...path: string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The larql that `SWP_LARQL` or PATH names. */
export const installedLarql = (): string | undefined =>
  [process.env['SWP_LARQL'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'larql'))].find(
    isExecutable,
  );

export interface Program {
  readonly name: string;
  path(job: Job): Promise<string>;
}

/** The programs that the contract is tested on: the stand-in, and a real larql when one is installed. */
export const programs = (): Program[] => {
  const real = installedLarql();
  const found: Program[] = [{ name: 'the stand-in', path: (job) => job.standIn() }];
  if (real !== undefined) found.push({ name: `larql at ${real}`, path: () => Promise.resolve(real) });
  process.stderr.write(`The contract of larql is tested on ${found.map(({ name }) => name).join(' and ')}.\n`);
  return found;
};
