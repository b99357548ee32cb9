import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The value, or undefined where the file or directory does not exist. */
export const ifExists = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Where files grow before they are renamed into place; emptied at start. */
export class TemporaryFiles {
  constructor(readonly directory: string) {}

  path(): string {
    return join(this.directory, randomUUID());
  }

  /** A reader sees the old file or the new one, never a part of it. */
  async writeAtomic(path: string, bytes: string | Uint8Array): Promise<void> {
    const temporary = this.path();
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  }

  /** Gone at once for every reader, then deleted. */
  async removeTree(path: string): Promise<void> {
    const doomed = this.path();
    await rename(path, doomed);
    await rm(doomed, { recursive: true, force: true });
  }
}

/** Size in bytes, or undefined. */
export const sizeOf = async (path: string): Promise<number | undefined> => (await ifExists(stat(path)))?.size;

export const readJsonFile = async <T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> => {
  const text = await ifExists(readFile(path, 'utf8'));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
};
