import { join } from 'node:path';
import type { Files } from '../../core/machine.js';

/** `lstat` counts blocks of this size in bytes, independent of the file system. */
const BLOCK_BYTES = 512;

/** A file that was found under one or more names. */
interface FoundFile {
  /** Bytes on disk: unallocated parts of a sparse file do not count. */
  readonly bytes: number;
  readonly names: number;
  found: number;
}

const findFiles = async (files: Files, path: string, found: Map<string, FoundFile>): Promise<void> => {
  const stats = await files.lstat(path).catch(() => null);
  if (stats === null) return;
  if (stats.isDirectory()) {
    const names = await files.readdir(path).catch(() => []);
    await Promise.all(names.map((name) => findFiles(files, join(path, name), found)));
    return;
  }
  const key = `${stats.dev}:${stats.ino}`;
  const file = found.get(key) ?? { bytes: Math.min(stats.size, stats.blocks * BLOCK_BYTES), names: stats.nlink, found: 0 };
  file.found += 1;
  found.set(key, file);
};

const filesBelow = async (files: Files, paths: readonly string[]): Promise<readonly FoundFile[]> => {
  const found = new Map<string, FoundFile>();
  for (const path of paths) await findFiles(files, path, found);
  return [...found.values()];
};

const sum = (found: readonly FoundFile[]): number => found.reduce((total, { bytes }) => total + bytes, 0);

/** Returns the bytes on disk of files and of everything below directories. A file with several names counts once. */
export const sizeOf = async (files: Files, ...paths: readonly string[]): Promise<number> => sum(await filesBelow(files, paths));

/** Returns the bytes that deleting all these paths frees. A file with another name elsewhere stays, so it does not count. */
export const freedBy = async (files: Files, ...paths: readonly string[]): Promise<number> =>
  sum((await filesBelow(files, paths)).filter(({ names, found }) => found >= names));
