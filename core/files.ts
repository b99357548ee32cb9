import { createHash, type Hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Sha256 } from './ids.js';
import type { Files, Machine } from './machine.js';

/** Smaller blocks slow hashing down; larger blocks do not speed it up. */
const READ_BYTES = 1024 * 1024;

export interface HashOptions {
  readonly signal?: AbortSignal;
  /** Receives the number of bytes of each read. */
  readonly onBytes?: (bytes: number) => void;
}

/** Feeds a whole file, in order, to a hash and returns the number of bytes read. */
export const hashInto = async (files: Files, hash: Hash, path: string, { signal, onBytes }: HashOptions = {}): Promise<number> => {
  let read = 0;
  const stream = files.createReadStream(path, { highWaterMark: READ_BYTES, ...(signal === undefined ? {} : { signal }) });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    read += chunk.byteLength;
    onBytes?.(chunk.byteLength);
  }
  return read;
};

/** Returns the SHA-256 of a whole file. */
export const hashFile = async (files: Files, path: string, options: HashOptions = {}): Promise<Sha256> => {
  const hash = createHash('sha256');
  await hashInto(files, hash, path, options);
  return Sha256.parse(hash.digest('hex'));
};

const errorCode = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Returns the result of a file-system read, or null if the path does not exist. */
export const nullIfMissing = async <T>(read: Promise<T>): Promise<T | null> => {
  try {
    return await read;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
};

/**
 * Creates a directory for this user only, with its missing parents. Node's own `recursive` option reports a read-only or
 * full file system as ENOENT (20.20: EROFS and ENOSPC; 24.22: EROFS), which hides the cause.
 */
export const makeDirectory = async (files: Files, path: string): Promise<void> => {
  try {
    await files.mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && (await nullIfMissing(files.stat(path)))?.isDirectory() === true) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(files, parent);
    await makeDirectory(files, path);
  }
};

/** Returns true if something is at a path that this process can reach. */
export const pathExists = (files: Files, path: string): Promise<boolean> =>
  files.access(path).then(
    () => true,
    () => false,
  );

/** Returns the text of a file, or an empty string if the file does not exist. */
export const readTextOrEmpty = async (files: Files, path: string): Promise<string> =>
  (await nullIfMissing(files.readFile(path, 'utf8'))) ?? '';

/** Returns the names in a directory, or an empty list if the directory does not exist. */
export const listOrEmpty = async (files: Files, path: string): Promise<readonly string[]> =>
  (await nullIfMissing(files.readdir(path))) ?? [];

/**
 * Writes a small file atomically: a crash leaves either the old or the new content, never a part. It may also leave the new
 * file beside the old one: see {@link removeUnfinished}.
 */
export const writeAtomic = async (
  { files, random }: Pick<Machine, 'files' | 'random'>,
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
): Promise<void> => {
  const fresh = `${path}.${random.hex(16)}.new`;
  try {
    const file = await files.open(fresh, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(fresh, path);
  } catch (error) {
    await files.rm(fresh, { force: true });
    throw error;
  }
};

const UNFINISHED = /\.[0-9a-f]{32}\.new$/;

/** Deletes the files that {@link writeAtomic} left in a directory when its process ended. No other process may write there now. */
export const removeUnfinished = async (files: Files, directory: string): Promise<void> => {
  for (const name of await listOrEmpty(files, directory)) if (UNFINISHED.test(name)) await files.rm(join(directory, name), { force: true });
};
