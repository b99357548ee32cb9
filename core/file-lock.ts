import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { tryLock } from 'fs-native-extensions';
import { identifyProcess, isRunning, readIdentity } from './process-identity.js';
import { THIS_MACHINE } from './this-machine.js';

/** An acquired lock, or the id of the process that holds it; the id is null if it is not known. */
export type FileLock = { readonly unlock: () => void } | { readonly heldBy: number | null };

/** Checks that the path still names the open file: another process may have deleted it before it was locked. */
const isStillAt = (path: string, fd: number): boolean => {
  const open = fstatSync(fd, { bigint: true });
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
};

/** Returns the process that the file names, or null if it has ended: then the holder has not yet written its identity. */
const readHolder = async (path: string): Promise<number | null> => {
  const recorded = await readIdentity(THIS_MACHINE.files, path);
  return recorded !== null && (await isRunning(THIS_MACHINE.programs, recorded)) ? recorded.pid : null;
};

/** Writes this process's identity for error messages only: the lock holds without it, even on a full disk. */
const writeHolder = async (fd: number): Promise<void> => {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${JSON.stringify(await identifyProcess(process.pid))}\n`);
  } catch {
    // The next process to try the lock reports "another process" without an id.
  }
};

/**
 * Acquires a lock that the operating system unlocks when this process ends in any way (Linux: an open file description
 * lock, fcntl(2); macOS: flock(2)). The lock cannot become stale: the file stays, but its existence means nothing.
 * Children do not inherit the lock, because Node opens files with `O_CLOEXEC`.
 */
export const lockFile = async (path: string): Promise<FileLock> => {
  for (;;) {
    // A raw descriptor: Node closes an unreferenced FileHandle, which would drop the lock.
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    let isOurs = false;
    try {
      if (!tryLock(fd)) return { heldBy: await readHolder(path) };
      isOurs = isStillAt(path, fd);
    } finally {
      if (!isOurs) closeSync(fd);
    }
    if (!isOurs) continue;
    await writeHolder(fd);
    return { unlock: () => closeSync(fd) };
  }
};

/** Returns the holder of a lock as the subject of a sentence. */
export const holderText = (heldBy: number | null): string => (heldBy === null ? 'Another process' : `Process ${heldBy}`);
