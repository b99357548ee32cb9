import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Sha256 } from '../../../core/ids.js';
import type { Files } from '../../../core/machine.js';
import { BUFFER_BYTES, type OutputSlab } from '../../../formats/mtp/slabs.js';

/** Opens a file for reading and writing. Keeps the content that an earlier run left. */
export const openOutput = async (files: Files, path: string): Promise<FileHandle> => {
  try {
    return await files.open(path, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return files.open(path, 'wx+', 0o600);
    throw error;
  }
};

/** Writes all bytes. A single call of `write` may write fewer, for example on a disk that fills up. */
export const writeAt = async (file: FileHandle, bytes: Uint8Array, at: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) done += (await file.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
};

/** Fills `bytes` from a file. Returns false if the file is too short. */
const readAt = async (file: FileHandle, bytes: Uint8Array, at: number): Promise<boolean> => {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesRead } = await file.read(bytes, done, bytes.byteLength - done, at + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
};

/** Returns a function that reads slabs back into one shared buffer: the bytes are valid until the next call. */
export const slabReader = (file: FileHandle, signal: AbortSignal) => {
  const shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  return async ({ at, size }: OutputSlab): Promise<{ bytes: Buffer; sha256: Sha256 } | null> => {
    signal.throwIfAborted();
    const bytes = shared.subarray(0, size);
    return (await readAt(file, bytes, at)) ? { bytes, sha256: Sha256.parse(createHash('sha256').update(bytes).digest('hex')) } : null;
  };
};
