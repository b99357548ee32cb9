import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isRunning, readIdentity } from '../core/process-identity.js';

const POLL_MS = 100;
const GRACE_MS = 10_000;

/** Notes a larql that runs, so that it can be ended after a crash of this process. */
export const noteProcess = async (file: string, pid: number): Promise<void> => {
  const identity = await identifyProcess(pid);
  if (identity !== null) await writeFile(file, JSON.stringify(identity), { mode: 0o600 });
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
 * two would write into one directory. A note that was cut off names none: the process that wrote it had only begun,
 * and its larql ended with it.
 */
export const endLeftover = async (file: string): Promise<void> => {
  const noted = await readIdentity(file);
  if (noted !== null)
    for (let waited = 0; await isRunning(noted); waited += POLL_MS) {
      signalGroup(noted.pid, waited < GRACE_MS ? 'SIGTERM' : 'SIGKILL');
      await delay(POLL_MS);
    }
  await rm(file, { force: true });
};
