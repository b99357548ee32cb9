import { readFile, writeFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { z } from 'zod';

const Note = z.strictObject({ pid: z.int().positive(), started: z.string() });

const POLL_MS = 100;
const GRACE_MS = 10_000;

/** When a process was started, in words that stay the same while it lives; null where there is none. */
const startOf = async (pid: number): Promise<string | null> => {
  const { stdout, exitCode } = await execa('ps', ['-o', 'lstart=', '-p', String(pid)], { reject: false, env: { LC_ALL: 'C' } });
  const started = stdout.trim();
  return exitCode === 0 && started !== '' ? started : null;
};

/** Notes a larql that runs, so that it can be ended after a crash of this process: its id alone may be another's by then. */
export const noteProcess = async (file: string, pid: number): Promise<void> => {
  const started = await startOf(pid);
  if (started !== null) await writeFile(file, JSON.stringify({ pid, started }), { mode: 0o600 });
};

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

/**
 * Ends the larql that a crashed process has noted in a file, with its whole group, and waits until it is gone:
 * two at once would write into one directory.
 */
export const endLeftover = async (file: string): Promise<void> => {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  let note: z.infer<typeof Note> | null = null;
  try {
    note = Note.parse(JSON.parse(text));
  } catch {
    // Half-written: the process that wrote it had just begun, and its larql ends with it.
  }
  if (note !== null) {
    const { pid, started } = note;
    const isThere = async (): Promise<boolean> => (await startOf(pid)) === started;
    for (let waited = 0; await isThere(); waited += POLL_MS) {
      signalGroup(pid, waited < GRACE_MS ? 'SIGTERM' : 'SIGKILL');
      await delay(POLL_MS);
    }
  }
  await rm(file, { force: true });
};
