import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { readTextOrEmpty } from './files.js';
import type { Files, Programs } from './machine.js';

/** A process; its start time distinguishes it from a later process with the same id. */
export const ProcessIdentity = z.object({ pid: z.int().positive(), started: z.string().min(1) });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** States of a process that has ended but that its parent has not reaped: dead, zombie. */
const ENDED = new Set(['X', 'Z']);

/**
 * proc(5): field 3 of `stat` is the state, field 22 the start in ticks since boot. Field 2, a name in brackets, may
 * contain any character. The boot id distinguishes equal ticks: a service that starts at boot often gets the same id.
 */
const startOnLinux = async (pid: number): Promise<string | null> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  const [state = 'X', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const ticks = fields[18];
  if (ENDED.has(state) || ticks === undefined) return null;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()} ${ticks}`;
};

const startElsewhere = async (pid: number): Promise<string | null> => {
  const listing = promisify(execFile)('ps', ['-o', 'state=', '-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } });
  const { stdout } = await listing.catch(() => ({ stdout: '' }));
  const [state = '', ...started] = stdout.trim().split(/\s+/);
  return started.length === 0 || ENDED.has(state.slice(0, 1)) ? null : started.join(' ');
};

/** Returns the identity of a running process, or null if no process has this id. */
export const identifyProcess = async (pid: number): Promise<ProcessIdentity | null> => {
  const started = await (process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid));
  return started === null ? null : { pid, started };
};

/** Checks that this process, not a later one with the same id, still runs. */
export const isRunning = async (programs: Pick<Programs, 'identify'>, { pid, started }: ProcessIdentity): Promise<boolean> =>
  (await programs.identify(pid))?.started === started;

/** Reads the identity in a file; returns null if there is none or if it was only partly written. */
export const readIdentity = async (files: Files, path: string): Promise<ProcessIdentity | null> => {
  const text = await readTextOrEmpty(files, path);
  try {
    return ProcessIdentity.parse(JSON.parse(text));
  } catch {
    return null;
  }
};
