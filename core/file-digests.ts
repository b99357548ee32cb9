import { createHash } from 'node:crypto';
import { BLOCK_BYTES } from './blocks.js';
import type { HashOptions } from './files.js';
import { openStreamHash, type StreamHash } from './stream-hash.js';
import { Sha256 } from './ids.js';
import type { Machine } from './machine.js';

/** Digests of one file, computed in one pass over its bytes. */
export interface FileDigests {
  readonly sha256: Sha256;
  /** Digests of the blocks of {@link BLOCK_BYTES}, in order; an empty file has no blocks. */
  readonly blocks: readonly Sha256[];
}

/** Computes the SHA-256 of each block of a byte stream. */
export class BlockHash {
  private hash = createHash('sha256');
  private filled = 0;

  /** @param onBlock receives each block's digest when the block is complete */
  constructor(private readonly onBlock: (digest: Sha256) => void) {}

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + BLOCK_BYTES - this.filled);
      this.hash.update(piece);
      this.filled += piece.byteLength;
      at += piece.byteLength;
      if (this.filled === BLOCK_BYTES) this.endBlock();
    }
  }

  /** Ends the last block if it is shorter than the others. */
  end(): void {
    if (this.filled > 0) this.endBlock();
  }

  private endBlock(): void {
    this.onBlock(Sha256.parse(this.hash.digest('hex')));
    this.hash = createHash('sha256');
    this.filled = 0;
  }
}

/** Returns the digests of bytes in memory. */
export const digestsOf = (bytes: Uint8Array): FileDigests => {
  const blocks: Sha256[] = [];
  const hash = new BlockHash((digest) => void blocks.push(digest));
  hash.update(bytes);
  hash.end();
  return { sha256: Sha256.parse(createHash('sha256').update(bytes).digest('hex')), blocks };
};

/**
 * Computes the digests of a file from its bytes in order: a thread hashes the whole file while this thread hashes its
 * blocks.
 */
export class FileHash {
  private readonly whole: StreamHash;
  private readonly blocks: Sha256[] = [];
  private readonly blockHash = new BlockHash((digest) => void this.blocks.push(digest));

  constructor({ threads }: Pick<Machine, 'threads'>) {
    this.whole = openStreamHash(threads);
  }

  async update(bytes: Uint8Array): Promise<void> {
    await this.whole.update(bytes);
    this.blockHash.update(bytes);
  }

  async digest(): Promise<FileDigests> {
    this.blockHash.end();
    return { sha256: await this.whole.digest(), blocks: this.blocks };
  }

  close(): Promise<void> {
    return this.whole.close();
  }
}

/** Hashing a smaller file takes less time than starting a thread. */
const MIN_THREAD_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** Reads a file once and returns all of its digests. */
export const digestFile = async (
  machine: Pick<Machine, 'files' | 'threads'>,
  path: string,
  { signal, onBytes }: HashOptions = {},
): Promise<FileDigests> => {
  if ((await machine.files.stat(path)).size <= MIN_THREAD_BYTES) {
    const bytes = await machine.files.readFile(path, { signal });
    onBytes?.(bytes.byteLength);
    return digestsOf(bytes);
  }
  const hash = new FileHash(machine);
  try {
    const stream = machine.files.createReadStream(path, { highWaterMark: READ_BYTES, ...(signal === undefined ? {} : { signal }) });
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      await hash.update(chunk);
      onBytes?.(chunk.byteLength);
    }
    return await hash.digest();
  } finally {
    await hash.close();
  }
};
