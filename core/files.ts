import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Sha256 } from './ids.js';

/** Smaller blocks make hashing slower, larger ones no faster. */
const BLOCK = 1024 * 1024;

export interface HashOptions {
  readonly signal?: AbortSignal;
  /** Told bytes as they are read. */
  readonly onBytes?: (bytes: number) => void;
}

/** Feeds a whole file to a hash, read in order; answers how many bytes it had. */
export const hashInto = async (hash: Hash, path: string, { signal, onBytes }: HashOptions = {}): Promise<number> => {
  let read = 0;
  const stream = createReadStream(path, { highWaterMark: BLOCK, ...(signal === undefined ? {} : { signal }) });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    read += chunk.byteLength;
    onBytes?.(chunk.byteLength);
  }
  return read;
};

/** SHA-256 of a whole file. */
export const hashFile = async (path: string, options: HashOptions = {}): Promise<Sha256> => {
  const hash = createHash('sha256');
  await hashInto(hash, path, options);
  return Sha256.parse(hash.digest('hex'));
};

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** What a read of the file system gives; null where there is nothing to read. */
export const ifThere = async <T>(read: Promise<T>): Promise<T | null> => {
  try {
    return await read;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/**
 * Makes a directory for this user only, with those above it that are missing. Node's own `recursive` reports a read-only
 * or full file system as ENOENT (20.20: EROFS and ENOSPC; 24.22: EROFS), which says nothing of the cause.
 */
export const makeDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && (await ifThere(stat(path)))?.isDirectory() === true) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    await makeDirectory(path);
  }
};

/** The text of a file; empty where there is none. */
export const readTextIfThere = async (path: string): Promise<string> => (await ifThere(readFile(path, 'utf8'))) ?? '';

/** The names in a directory; none where it is not there. */
export const listIfThere = async (path: string): Promise<readonly string[]> => (await ifThere(readdir(path))) ?? [];

/** Writes a whole small file so that a crash leaves the old one or the new one, never half of either. */
export const writeAtomic = async (path: string, content: string | Uint8Array, mode = 0o600): Promise<void> => {
  const fresh = `${path}.${randomUUID()}.new`;
  try {
    const file = await open(fresh, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
};
