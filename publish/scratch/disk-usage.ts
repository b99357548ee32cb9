import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `lstat` counts blocks of this size in bytes, independent of the file system. */
const BLOCK_BYTES = 512;

/** A file that was found under one or more names. */
interface FoundFile {
  /** Bytes on disk: unallocated parts of a sparse file do not count. */
  readonly bytes: number;
  readonly names: number;
  found: number;
}

const findFiles = async (path: string, files: Map<string, FoundFile>): Promise<void> => {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return;
  if (stats.isDirectory()) {
    const names = await readdir(path).catch(() => []);
    await Promise.all(names.map((name) => findFiles(join(path, name), files)));
    return;
  }
  const key = `${stats.dev}:${stats.ino}`;
  const file = files.get(key) ?? { bytes: Math.min(stats.size, stats.blocks * BLOCK_BYTES), names: stats.nlink, found: 0 };
  file.found += 1;
  files.set(key, file);
};

const filesBelow = async (paths: readonly string[]): Promise<readonly FoundFile[]> => {
  const files = new Map<string, FoundFile>();
  for (const path of paths) await findFiles(path, files);
  return [...files.values()];
};

const sum = (files: readonly FoundFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

/** Returns the bytes on disk of files and of everything below directories. A file with several names counts once. */
export const sizeOf = async (...paths: readonly string[]): Promise<number> => sum(await filesBelow(paths));

/** Returns the bytes that deleting all these paths frees. A file with another name elsewhere stays, so it does not count. */
export const freedBy = async (...paths: readonly string[]): Promise<number> =>
  sum((await filesBelow(paths)).filter(({ names, found }) => found >= names));
