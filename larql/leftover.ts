import type { Machine } from '../core/machine.js';
import { isRunning, readIdentity } from '../core/process-identity.js';

const POLL_MS = 100;
const GRACE_MS = 10_000;

/** Records a running larql, so that it can be ended after a crash of this process. */
export const noteProcess = async ({ files, programs }: Machine, file: string, pid: number): Promise<void> => {
  const identity = await programs.identify(pid);
  if (identity !== null) await files.writeFile(file, JSON.stringify(identity), { mode: 0o600 });
};

/**
 * Ends the larql that a crashed process recorded in a file, with its whole process group, and waits until it is gone:
 * otherwise two would write into one directory. A truncated file names no process: its writer crashed immediately after
 * the start, and its larql ended with it.
 */
export const endLeftover = async ({ clock, files, programs }: Machine, file: string): Promise<void> => {
  const recorded = await readIdentity(files, file);
  if (recorded !== null)
    for (let waitedMs = 0; await isRunning(programs, recorded); waitedMs += POLL_MS) {
      programs.signalGroup(recorded.pid, waitedMs < GRACE_MS ? 'SIGTERM' : 'SIGKILL');
      await clock.sleep(POLL_MS);
    }
  await files.rm(file, { force: true });
};
