import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `lstat` counts blocks of this size, whatever the file system has. */
const BLOCK = 512;

/** Bytes that a file, or everything below a directory, takes on disk: what was only promised to a file does not count. */
export const sizeOf = async (path: string): Promise<number> => {
  const found = await lstat(path).catch(() => null);
  if (found === null) return 0;
  if (!found.isDirectory()) return Math.min(found.size, found.blocks * BLOCK);
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
};
