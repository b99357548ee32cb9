import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

export interface Spooled {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Streams bytes into a file and hashes them on the way. Leaves no file if the source fails. */
export const spool = async (source: AsyncIterable<Uint8Array>, path: string): Promise<Spooled> => {
  const hash = createHash('sha256');
  let size = 0;
  const observed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  };
  try {
    await pipeline(source, observed, createWriteStream(path, { highWaterMark: 1 << 20 }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, size, sha256: hash.digest('hex') };
};
