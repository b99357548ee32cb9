import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { tryLock } from 'fs-native-extensions';
import { identifyProcess, isRunning, readIdentity } from './process-identity.js';

/** A lock that was taken, or the process that holds it, where that can be said. */
export type FileLock = { readonly unlock: () => void } | { readonly heldBy: number | null };

/** Whether the path still names the file that is open: somebody may have deleted it before it was locked. */
const isStillAt = (path: string, fd: number): boolean => {
  const open = fstatSync(fd, { bigint: true });
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
};

/** The process that the file names, unless that one has ended: then the holder has not written itself yet. */
const holderIn = async (path: string): Promise<number | null> => {
  const noted = await readIdentity(path);
  return noted !== null && (await isRunning(noted)) ? noted.pid : null;
};

/** For messages only: the lock holds without it, on a full disk too. */
const writeHolder = async (fd: number): Promise<void> => {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${JSON.stringify(await identifyProcess(process.pid))}\n`);
  } catch {
    // The next one to come is told of another process, without its id.
  }
};

/**
 * Takes a lock that the operating system holds for this process, and drops when the process ends in whatever way
 * (Linux: an open file description lock, fcntl(2); macOS: flock(2)). Nothing is left to go stale: the file stays, and
 * says nothing by being there. Children do not inherit the lock, since Node opens files with `O_CLOEXEC`.
 */
export const lockFile = async (path: string): Promise<FileLock> => {
  for (;;) {
    // A bare descriptor: Node closes a FileHandle that nothing refers to any more, and the lock would go with it.
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    let isOurs = false;
    try {
      if (!tryLock(fd)) return { heldBy: await holderIn(path) };
      isOurs = isStillAt(path, fd);
    } finally {
      if (!isOurs) closeSync(fd);
    }
    if (!isOurs) continue;
    await writeHolder(fd);
    return { unlock: () => closeSync(fd) };
  }
};

/** The holder of a lock as a subject of a sentence. */
export const holderText = (heldBy: number | null): string => (heldBy === null ? 'Another process' : `Process ${heldBy}`);
