import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Returns the value, or undefined if the file or directory does not exist. */
export const ifExists = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Directory for files until they are complete and renamed into place. It is emptied at start. */
export class TemporaryFiles {
  constructor(readonly directory: string) {}

  path(): string {
    return join(this.directory, randomUUID());
  }

  /** Writes a file atomically: a reader sees the old file or the new one, never a part of it. */
  async writeAtomic(path: string, bytes: string | Uint8Array): Promise<void> {
    const temporary = this.path();
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  }

  /** Deletes a directory. It disappears immediately for every reader, before its files are deleted. */
  async removeTree(path: string): Promise<void> {
    const trash = this.path();
    await rename(path, trash);
    await rm(trash, { recursive: true, force: true });
  }
}

/** Returns the size in bytes, or undefined if the file does not exist. */
export const sizeOf = async (path: string): Promise<number | undefined> => (await ifExists(stat(path)))?.size;

export const readJsonFile = async <T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> => {
  const text = await ifExists(readFile(path, 'utf8'));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
};
