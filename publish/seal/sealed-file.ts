import { Readable } from 'node:stream';
import { BLOCK_BYTES, blockCount } from '../../core/blocks.js';
import { SwpError } from '../../core/error.js';
import { BlockHash } from '../../core/file-digests.js';
import { holdBackLast } from '../../core/hold-back.js';
import type { Sha256 } from '../../core/ids.js';
import type { Files } from '../../core/machine.js';

/** A file in scratch whose bytes were fixed when it was sealed. */
export interface LocalFile {
  /** Path on this host. */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Digests of its blocks when it was sealed. */
  readonly blocks: readonly Sha256[];
}

/** Size of one read, for each part in flight. */
const READ_BYTES = 512 * 1024;

const differs = (message: string, cause?: unknown): SwpError =>
  new SwpError('integrity', 'seal/differs', message, {
    hint: 'SWP builds the artifact again. If it happens again, check the disk of this host.',
    ...(cause === undefined ? {} : { cause }),
  });

/** Returns a hash that throws at the end of the first block that differs from the sealed one. */
const compareBlocks = ({ path, blocks }: LocalFile, first: number): BlockHash => {
  let at = first;
  return new BlockHash((digest) => {
    if (digest !== blocks[at]) throw differs(`Block ${at} of ${path} has SHA-256 ${digest}; SWP sealed ${blocks[at] ?? 'no such block'}.`);
    at += 1;
  });
};

async function* readBlocks(files: Files, file: LocalFile, begin: number, end: number): AsyncGenerator<Uint8Array> {
  const { path, size } = file;
  const first = Math.floor(begin / BLOCK_BYTES);
  const until = Math.min(size, blockCount(end) * BLOCK_BYTES);
  let position = first * BLOCK_BYTES;
  const hash = compareBlocks(file, first);
  const source = files.createReadStream(path, { start: position, end: until - 1, highWaterMark: READ_BYTES });
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      const wanted = chunk.subarray(Math.max(0, begin - position), Math.max(0, end - position));
      position += chunk.byteLength;
      if (wanted.byteLength > 0) yield wanted;
    }
  } catch (error) {
    if (error instanceof SwpError) throw error;
    throw differs(`${path} cannot be read`, error);
  }
  if (position < until) throw differs(`${path} ends at byte ${position}; SWP sealed ${size} bytes.`);
  hash.end();
}

/**
 * Opens the bytes of a sealed file from `begin` up to `end` (exclusive). Reads every block that contains some of them
 * whole and compares it with the sealed one. The stream yields its last chunk only after all these blocks have matched.
 *
 * @returns a stream that fails with SwpError `seal/differs`
 */
export const openLocalFile = (files: Files, file: LocalFile, begin: number, end: number): Readable =>
  Readable.from(begin === end ? [] : holdBackLast(readBlocks(files, file, begin, end)), { objectMode: false });
