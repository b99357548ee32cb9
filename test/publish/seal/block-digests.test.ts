import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { readBlockDigests, writeBlockDigests } from '../../../publish/seal/block-digests.js';
import { BLOCK_BYTES } from '../../../core/blocks.js';
import { digestOf, sha256Of } from '../../../core/digests.js';

const MANIFEST = digestOf('a manifest');
const [one, two] = [sha256Of('one'), sha256Of('two')];
const FILES = [
  { path: 'a.bin', size: BLOCK_BYTES + 1, sha256: one },
  { path: 'README.md', size: 10, sha256: two },
  { path: 'elsewhere.bin', size: 3, sha256: two },
];
const BLOCKS = new Map([
  ['a.bin', [one, two]],
  ['README.md', [two]],
]);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-blocks-'));
  await writeBlockDigests(THIS_MACHINE, directory, MANIFEST, BLOCKS);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const path = (): string => join(directory, 'blocks.json');

describe('block digests beside a manifest', () => {
  it('are read back for the files in scratch', async () => {
    expect(await readBlockDigests(THIS_MACHINE, directory, MANIFEST, FILES)).toEqual(BLOCKS);
  });

  it('are refused for another manifest', async () => {
    await expect(readBlockDigests(THIS_MACHINE, directory, digestOf('another'), FILES)).rejects.toThrow(`belongs to manifest ${MANIFEST}`);
  });

  it('are refused when a file has another number of blocks', async () => {
    const larger = FILES.map((file) => ({ ...file, size: file.size + BLOCK_BYTES }));
    await expect(readBlockDigests(THIS_MACHINE, directory, MANIFEST, larger)).rejects.toThrow('does not fit a.bin');
  });

  it('are refused when they are truncated, changed or missing', async () => {
    const text = await readFile(path(), 'utf8');
    await writeFile(path(), text.slice(0, -5));
    await expect(readBlockDigests(THIS_MACHINE, directory, MANIFEST, FILES)).rejects.toThrow();
    await writeFile(path(), text.replace(one, one.replace(/^./, 'x')));
    await expect(readBlockDigests(THIS_MACHINE, directory, MANIFEST, FILES)).rejects.toThrow();
    await rm(path());
    await expect(readBlockDigests(THIS_MACHINE, directory, MANIFEST, FILES)).rejects.toThrow('ENOENT');
  });
});
