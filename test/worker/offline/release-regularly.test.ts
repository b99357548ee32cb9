import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openScratch } from '../../../publish/scratch/open-scratch.js';
import { scratchParts, type ScratchParts } from '../../../publish/scratch/scratch-parts.js';
import { Digest } from '../../../core/ids.js';
import { releaseRegularly } from '../../../worker/sweep.js';

const RECIPE = Digest.parse(`sha256:${'ab'.repeat(32)}`);

let directory: string;
let parts: ScratchParts;
let over: AbortController;
let open: Set<string>;
let warnings: string[];
/** A server that knows which workflows run, or does not answer. */
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
  parts = scratchParts(await openScratch(directory), 3);
  [over, open, warnings, isReachable] = [new AbortController(), new Set(['one', 'two']), [], true];
  for (const holder of open) await parts.claims.claim({ holder, recipeDigest: RECIPE, diskBytes: 1, memoryBytes: 1 });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('the claim of a publish that has ended is released while the worker runs, and no other', async () => {
  const releasing = releaseRegularly(client, parts.claims, { logger, stop: over.signal, periodMs: 10 });
  open.delete('one');
  await expect.poll(holders).toEqual(['two']);
  over.abort();
  await releasing;
});

it('a server that does not answer releases nothing, and is asked again', async () => {
  isReachable = false;
  const releasing = releaseRegularly(client, parts.claims, { logger, stop: over.signal, periodMs: 10 });
  await expect.poll(() => warnings.length).toBeGreaterThan(1);
  expect(await holders()).toEqual(['one', 'two']);
  isReachable = true;
  open.clear();
  await expect.poll(holders).toEqual([]);
  over.abort();
  await releasing;
});

it('a claim that its holder makes again while that is asked stays', async () => {
  await parts.claims.releaseEnded(async (holder) => {
    await parts.claims.claim({ holder, recipeDigest: RECIPE, diskBytes: 1, memoryBytes: 1 });
    return false;
  });
  expect(await holders()).toEqual(['one', 'two']);
});
