import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { Digest } from '../../../core/ids.js';
import { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { scratchParts } from '../../../publish/scratch/scratch-parts.js';
import { sweepScratch } from '../../../publish/scratch/sweep-scratch.js';

const HOLDER = 'target/acme/model';
const recipeDigest = Digest.parse(`sha256:${'1'.repeat(64)}`);

const openParts = async () => {
  const layout = new ScratchLayout(await mkdtemp(join(tmpdir(), 'swp-sweep-')));
  const parts = scratchParts(THIS_MACHINE, layout, 1);
  await parts.claims.claim({ holder: HOLDER, recipeDigest, diskBytes: 1, memoryBytes: 1 });
  return parts;
};

it('deletes files that were being written when the worker ended, and no other file', async () => {
  const parts = await openParts();
  const { claims, root, sharedRoot } = parts.layout;
  await mkdir(sharedRoot);
  for (const directory of [root, claims, sharedRoot]) {
    await writeFile(join(directory, `a.json.${'0f'.repeat(16)}.new`), '');
    await writeFile(join(directory, 'b.new'), '');
  }
  await sweepScratch(parts, 0, () => Promise.resolve(true));
  const left = await Promise.all([root, claims, sharedRoot].map((directory) => readdir(directory)));
  expect(left.flat().filter((name) => name.endsWith('.new'))).toEqual(['b.new', 'b.new', 'b.new']);
  expect(await parts.claims.list()).toMatchObject([{ holder: HOLDER }]);
});

it('frees what ended publishes hold', async () => {
  const parts = await openParts();
  await sweepScratch(parts, 0, () => Promise.resolve(false));
  expect(await parts.claims.list()).toEqual([]);
});
