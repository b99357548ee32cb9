import { createHash } from 'node:crypto';
import type { Files } from '../../../core/machine.js';

export interface Spooled {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Streams bytes into a file and hashes them on the way. Leaves no file if the source fails. */
export const spool = async (files: Files, source: AsyncIterable<Uint8Array>, path: string): Promise<Spooled> => {
  const hash = createHash('sha256');
  let size = 0;
  const observed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  };
  try {
    await files.writeFile(path, observed());
  } catch (error) {
    await files.rm(path, { force: true });
    throw error;
  }
  return { path, size, sha256: hash.digest('hex') };
};
