import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { openLocalFile, type LocalFile } from '../../../publish/seal/sealed-file.js';
import { BLOCK_BYTES } from '../../../core/blocks.js';
import { digestsOf } from '../../../core/file-digests.js';

const SIZE = 3 * BLOCK_BYTES + 1_234_567;
const bytes = randomBytes(SIZE);
const { blocks } = digestsOf(bytes);

let directory: string;
let file: LocalFile;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-sealed-'));
  file = { path: join(directory, 'model.safetensors'), size: SIZE, blocks };
});
beforeEach(() => writeFile(file.path, bytes));
afterAll(() => rm(directory, { recursive: true, force: true }));

const flip = async (at: number): Promise<void> => {
  const handle = await open(file.path, 'r+');
  await handle.write(Buffer.from([bytes[at]! ^ 1]), 0, 1, at);
  await handle.close();
};

/** Reads a part and counts the bytes that arrive before it ends or fails. */
const read = async (begin: number, end: number): Promise<{ readonly arrived: number; readonly failed: unknown }> => {
  let arrived = 0;
  try {
    for await (const chunk of openLocalFile(THIS_MACHINE.files, file, begin, end) as AsyncIterable<Uint8Array>) arrived += chunk.byteLength;
    return { arrived, failed: null };
  } catch (failed) {
    return { arrived, failed };
  }
};

describe('a sealed file', () => {
  it('returns any part of its bytes', async () => {
    const range = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).map((ends) => ends.toSorted((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(range, async ([begin = 0, end = 0]) => {
        expect((await buffer(openLocalFile(THIS_MACHINE.files, file, begin, end))).equals(bytes.subarray(begin, end))).toBe(true);
      }),
      {
        numRuns: 20,
        examples: [[[0, SIZE]], [[0, 0]], [[SIZE - 1, SIZE]], [[BLOCK_BYTES, 2 * BLOCK_BYTES]], [[BLOCK_BYTES - 1, BLOCK_BYTES + 1]]],
      },
    );
  });

  it.each([
    ['in the part', BLOCK_BYTES + 500, 10, BLOCK_BYTES + 1_000],
    ['as the first byte of the part', 10, 10, BLOCK_BYTES],
    ['as the last byte of the part', 999, 10, 1_000],
    ['before the part, in its first block', 9, 10, BLOCK_BYTES],
    ['after the part, in its last block', 2 * BLOCK_BYTES - 1, 10, BLOCK_BYTES + 1_000],
    ['as the last byte of the file', SIZE - 1, 3 * BLOCK_BYTES - 5, SIZE],
  ])('never returns a whole part when a byte differs %s', async (_, at, begin, end) => {
    await flip(at);
    const { arrived, failed } = await read(begin, end);
    expect(failed).toMatchObject({ code: 'seal/differs', kind: 'integrity', message: expect.stringContaining('SHA-256') });
    expect(arrived).toBeLessThan(end - begin);
  });

  it('returns a part when the changed block lies outside it', async () => {
    await flip(2 * BLOCK_BYTES);
    expect(await read(5, 2 * BLOCK_BYTES)).toEqual({ arrived: 2 * BLOCK_BYTES - 5, failed: null });
  });

  it('is refused when it is truncated or missing', async () => {
    await truncate(file.path, 3 * BLOCK_BYTES + 7);
    expect(await read(3 * BLOCK_BYTES, SIZE)).toMatchObject({ failed: { code: 'seal/differs' } });
    await rm(file.path);
    expect(await read(0, 10)).toMatchObject({ arrived: 0, failed: { code: 'seal/differs' } });
  });
});
