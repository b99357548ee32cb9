import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { headerOfFile } from '../../formats/safetensors/header.js';
import { lockScratch } from '../../publish/scratch/lock-scratch.js';
import { slabsJournalled } from '../support/scratch-journals.js';
import { freeze } from '../support/freeze.js';
import { KillEnvironment } from './kill-environment.js';

/** The server notices a dead worker by its missing heartbeat after fifteen seconds. */
const TIMEOUT_MS = 120_000;

let kills: KillEnvironment;
beforeEach(async () => {
  kills = await KillEnvironment.open();
});
afterEach(() => kills.close());

describe('SIGKILL', () => {
  it(
    'to both workers while a plan awaits approval: a signal that is sent without workers still approves it',
    async () => {
      const { control, highmem } = await kills.startBoth();
      await kills.testEnvironment.start();
      const plan = await kills.testEnvironment.planOf();
      await Promise.all([control.kill(), highmem.kill()]);
      await kills.testEnvironment.handle().signal('review', { plan: plan.digest, verdict: 'approve', reviewer: 'ada' });
      await kills.startBoth();
      await kills.expectPublishedOnce();
      expect(await kills.attempts()).toMatchObject({
        buildArtifact: 1,
        uploadArtifact: 1,
        commitArtifact: 1,
      });
    },
    TIMEOUT_MS,
  );

  it(
    'while extracting: the build continues from its journal',
    async () => {
      const { files } = generateCheckpoint({ seed: 7, size: 'small' });
      const [whole = '', held] = [...files.keys()].filter((path) => path.endsWith('.safetensors'));
      const headsOfWhole = headerOfFile(files.get(whole)!).tensors.filter(({ name }) => name.startsWith('mtp.')).length;
      const readsOfWhole = (): number =>
        kills.testEnvironment.hub.requests.filter(({ operation, file }) => operation === 'cdn' && file === whole).length;
      let before = 0;
      let readsOfHeld = 0;
      // The heads of one shard arrive, those of the other are held. Before the heads, the build reads the header of each
      // shard with one request and compares it with two more.
      const headerReads = 3;
      await kills.crashAt(
        ({ operation, file }) => operation === 'cdn' && file === held && ++readsOfHeld > headerReads,
        'hold',
        async () => {
          await expect.poll(() => slabsJournalled(kills.testEnvironment), { timeout: 20_000 }).toBe(headsOfWhole);
          before = readsOfWhole();
        },
      );
      expect(await kills.attempts()).toMatchObject({ buildArtifact: 2, uploadArtifact: 1 });
      // The heads lie in two ranges. Only the second read is left, which splits each range in two.
      expect(readsOfWhole() - before).toBe(headerReads + 2 * 2);
    },
    TIMEOUT_MS,
  );

  it(
    'after the commit was applied but before its answer: the commit is found and not repeated',
    async () => {
      await kills.crashAt(
        ({ operation }) => operation === 'commit',
        'hold-after',
        () => expect.poll(() => kills.testEnvironment.ourCommits().catch(() => 0), { timeout: 20_000 }).toBe(1),
      );
      expect(await kills.attempts()).toMatchObject({ uploadArtifact: 1, commitArtifact: 2 });
      expect(kills.testEnvironment.hub.requests.filter(({ operation }) => operation === 'commit')).toHaveLength(1);
    },
    TIMEOUT_MS,
  );
});

describe('SIGTERM', () => {
  it(
    'during an upload ends the worker gracefully, and the next worker continues',
    async () => {
      const { highmem } = await kills.startBoth();
      await kills.testEnvironment.start();
      const { reached, thaw } = freeze(kills.testEnvironment.hub, ({ operation }) => operation === 'part', 'hold');
      await kills.testEnvironment.approve();
      await reached;
      const stopped = highmem.stop();
      thaw();
      expect(await stopped).toBe(0);
      await kills.start('highmem');
      await kills.expectPublishedOnce();
    },
    TIMEOUT_MS,
  );

  it(
    'ends an idle worker with exit code 0 and unlocks its scratch',
    async () => {
      const { control, highmem } = await kills.startBoth();
      expect(await control.stop()).toBe(0);
      expect(await highmem.stop()).toBe(0);
      (await lockScratch(THIS_MACHINE.files, kills.testEnvironment.layout()))();
    },
    TIMEOUT_MS,
  );

  it(
    'a second worker on the same scratch is refused',
    async () => {
      await kills.startBoth();
      await expect(kills.start('highmem')).rejects.toThrow('already works in');
    },
    TIMEOUT_MS,
  );
});
