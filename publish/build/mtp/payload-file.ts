import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Sha256 } from '../../../core/ids.js';
import { ROOM_BYTES, type OutputSlab } from '../../../formats/mtp/slabs.js';

/** Opens a file for reading and writing, with what an earlier run left in it. */
export const openOutput = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return open(path, 'wx+', 0o600);
    throw error;
  }
};

/** Writes all of it: one call may write less, on a disk that fills up. */
export const writeAt = async (file: FileHandle, bytes: Uint8Array, at: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) done += (await file.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
};

/** Fills `bytes` from a file; false where the file ends before. */
const readAt = async (file: FileHandle, bytes: Uint8Array, at: number): Promise<boolean> => {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesRead } = await file.read(bytes, done, bytes.byteLength - done, at + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
};

/** Reads slabs back, one after another into the same memory: the bytes hold until the next one is asked for. */
export const slabReader = (file: FileHandle, signal: AbortSignal) => {
  const room = Buffer.allocUnsafeSlow(ROOM_BYTES);
  return async ({ at, size }: OutputSlab): Promise<{ bytes: Buffer; sha256: Sha256 } | null> => {
    signal.throwIfAborted();
    const bytes = room.subarray(0, size);
    return (await readAt(file, bytes, at)) ? { bytes, sha256: Sha256.parse(createHash('sha256').update(bytes).digest('hex')) } : null;
  };
};
