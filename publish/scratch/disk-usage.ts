import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `lstat` counts blocks of this size, whatever the file system has. */
const BLOCK = 512;

/** A file that was found under one or more names. */
interface FoundFile {
  /** On disk: what was only promised to a file does not count. */
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
  const file = files.get(key) ?? { bytes: Math.min(stats.size, stats.blocks * BLOCK), names: stats.nlink, found: 0 };
  file.found += 1;
  files.set(key, file);
};

const filesBelow = async (paths: readonly string[]): Promise<readonly FoundFile[]> => {
  const files = new Map<string, FoundFile>();
  for (const path of paths) await findFiles(path, files);
  return [...files.values()];
};

const sum = (files: readonly FoundFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

/** Bytes that files, and everything below directories, take on disk. A file under several names counts once. */
export const sizeOf = async (...paths: readonly string[]): Promise<number> => sum(await filesBelow(paths));

/** Bytes that become free when all of this is deleted: a file that has a name elsewhere stays. */
export const freedBy = async (...paths: readonly string[]): Promise<number> =>
  sum((await filesBelow(paths)).filter(({ names, found }) => found >= names));
