import { join } from 'node:path';
import type { z } from 'zod';
import type { Machine, Files } from '../../../core/machine.js';

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
  constructor(
    private readonly machine: Machine,
    readonly directory: string,
  ) {}

  path(): string {
    return join(this.directory, this.machine.random.hex(16));
  }

  /** Writes a file atomically: a reader sees the old file or the new one, never a part of it. */
  async writeAtomic(path: string, bytes: string | Uint8Array): Promise<void> {
    const temporary = this.path();
    const { files } = this.machine;
    await files.writeFile(temporary, bytes);
    await files.rename(temporary, path);
  }

  /** Deletes a directory. It disappears immediately for every reader, before its files are deleted. */
  async removeTree(path: string): Promise<void> {
    const trash = this.path();
    const { files } = this.machine;
    await files.rename(path, trash);
    await files.rm(trash, { recursive: true, force: true });
  }
}

/** Returns the size in bytes, or undefined if the file does not exist. */
export const sizeOf = async (files: Files, path: string): Promise<number | undefined> => (await ifExists(files.stat(path)))?.size;

export const readJsonFile = async <T>(files: Files, path: string, schema: z.ZodType<T>): Promise<T | undefined> => {
  const text = await ifExists(files.readFile(path, 'utf8'));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
};
