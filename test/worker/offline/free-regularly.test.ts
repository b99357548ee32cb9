import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { openScratch } from '../../../publish/scratch/open-scratch.js';
import { scratchParts, type ScratchParts } from '../../../publish/scratch/scratch-parts.js';
import { Digest } from '../../../core/ids.js';
import { freeRegularly } from '../../../worker/free-regularly.js';

const RECIPE = Digest.parse(`sha256:${'ab'.repeat(32)}`);

let directory: string;
let parts: ScratchParts;
let stopping: AbortController;
let open: Set<string>;
let warnings: string[];
/** False: the server does not answer. */
let isReachable: boolean;
const client = {
  workflow: {
    getHandle: (id: string) => ({
      describe: async () => {
        if (!isReachable) throw new Error('no server');
        return { status: { name: open.has(id) ? 'RUNNING' : 'COMPLETED' } };
      },
    }),
  },
} as unknown as Client;
const logger = { warn: (_fields: object, message: string) => void warnings.push(message) } as never;
const holders = async (): Promise<string[]> => (await parts.claims.list()).map(({ holder }) => holder).toSorted();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-release-'));
  parts = scratchParts(THIS_MACHINE, await openScratch(THIS_MACHINE, directory), 3);
  [stopping, open, warnings, isReachable] = [new AbortController(), new Set(['one', 'two']), [], true];
  for (const holder of open) await parts.claims.claim({ holder, recipeDigest: RECIPE, diskBytes: 1, memoryBytes: 1 });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('a running worker frees the claim of an ended publish and no other', async () => {
  const releasing = freeRegularly(client, parts.claims, { logger, stop: stopping.signal, periodMs: 10 });
  open.delete('one');
  await expect.poll(holders).toEqual(['two']);
  stopping.abort();
  await releasing;
});

it('a server that does not answer frees no claim, and the worker tries again', async () => {
  isReachable = false;
  const releasing = freeRegularly(client, parts.claims, { logger, stop: stopping.signal, periodMs: 10 });
  await expect.poll(() => warnings.length).toBeGreaterThan(1);
  expect(await holders()).toEqual(['one', 'two']);
  isReachable = true;
  open.clear();
  await expect.poll(holders).toEqual([]);
  stopping.abort();
  await releasing;
});

it('a claim that its holder renews during the check is kept', async () => {
  await parts.claims.freeEnded(async (holder) => {
    await parts.claims.claim({ holder, recipeDigest: RECIPE, diskBytes: 1, memoryBytes: 1 });
    return false;
  });
  expect(await holders()).toEqual(['one', 'two']);
});
