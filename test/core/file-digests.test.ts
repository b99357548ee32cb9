import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BLOCK_BYTES, blockCount } from '../../core/blocks.js';
import { BlockHash, digestFile, digestsOf } from '../../core/file-digests.js';
import { THIS_MACHINE } from '../../core/this-machine.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const blocksOf = (bytes: Uint8Array): string[] =>
  Array.from({ length: blockCount(bytes.byteLength) }, (_, at) => sha256(bytes.subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES)));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-digests-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it.each([0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 4 * BLOCK_BYTES, 4 * BLOCK_BYTES + 1])(
  'computes the same digests of %d bytes and of each block from memory and from disk',
  async (size) => {
    const bytes = randomBytes(size);
    const expected = { sha256: sha256(bytes), blocks: blocksOf(bytes) };
    expect(digestsOf(bytes)).toEqual(expected);
    const path = join(directory, String(size));
    await writeFile(path, bytes);
    let read = 0;
    expect(await digestFile(THIS_MACHINE, path, { onBytes: (count) => (read += count) })).toEqual(expected);
    expect(read).toBe(size);
  },
);

it('ends blocks at the same offsets for chunks of any size', () => {
  const bytes = randomBytes(2 * BLOCK_BYTES + 5);
  for (const step of [1_000_003, BLOCK_BYTES, 3 * BLOCK_BYTES]) {
    const found: string[] = [];
    const hash = new BlockHash((digest) => void found.push(digest));
    for (let at = 0; at < bytes.byteLength; at += step) hash.update(bytes.subarray(at, at + step));
    hash.end();
    expect(found).toEqual(blocksOf(bytes));
  }
});
