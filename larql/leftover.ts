import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isRunning, readIdentity } from '../core/process-identity.js';

const POLL_MS = 100;
const GRACE_MS = 10_000;

/** Records a running larql, so that it can be ended after a crash of this process. */
export const noteProcess = async (file: string, pid: number): Promise<void> => {
  const identity = await identifyProcess(pid);
  if (identity !== null) await writeFile(file, JSON.stringify(identity), { mode: 0o600 });
};

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // The process has already ended.
  }
};

/**
 * Ends the larql that a crashed process recorded in a file, with its whole process group, and waits until it is gone:
 * otherwise two would write into one directory. A truncated file names no process: its writer crashed immediately after
 * the start, and its larql ended with it.
 */
export const endLeftover = async (file: string): Promise<void> => {
  const recorded = await readIdentity(file);
  if (recorded !== null)
    for (let waitedMs = 0; await isRunning(recorded); waitedMs += POLL_MS) {
      signalGroup(recorded.pid, waitedMs < GRACE_MS ? 'SIGTERM' : 'SIGKILL');
      await delay(POLL_MS);
    }
  await rm(file, { force: true });
};
