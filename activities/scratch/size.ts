import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `lstat` counts blocks of this size, whatever the file system has. */
const BLOCK = 512;

const addSizes = async (path: string, seen: Set<string>): Promise<number> => {
  const found = await lstat(path).catch(() => null);
  if (found === null) return 0;
  if (found.isDirectory()) {
    const names = await readdir(path).catch(() => []);
    const sizes = await Promise.all(names.map((name) => addSizes(join(path, name), seen)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
  const file = `${found.dev}:${found.ino}`;
  if (seen.has(file)) return 0;
  seen.add(file);
  return Math.min(found.size, found.blocks * BLOCK);
};

/**
 * Bytes that files, and everything below directories, take on disk: what was only promised to a file does not count, and
 * a file that lies in several of them counts once.
 */
export const sizeOf = async (...paths: readonly string[]): Promise<number> => {
  const seen = new Set<string>();
  let sum = 0;
  for (const path of paths) sum += await addSizes(path, seen);
  return sum;
};
