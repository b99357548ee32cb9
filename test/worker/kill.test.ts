import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import type { Operation } from '../../dev/hub/index.js';
import { headerOfFile } from '../../formats/safetensors/header.js';
import { publishId, targetId } from '../../workflows/names.js';
import { freeze, type Matches } from '../support/freeze.js';
import { partsJournalled, slabsJournalled } from '../support/scratch-journals.js';
import { attemptsOfSteps, scheduledSteps } from '../support/steps.js';
import { WorkerProcess } from '../support/worker-process.js';
import { Workshop } from '../support/workshop.js';

/** The sidecar goes out in several parts; from this one on they are held. */
const PART_BYTES = 20_000;
const HELD_PART = 4;
/** A dead worker is noticed by its missing heartbeat, after fifteen seconds. */
const TIMEOUT_MS = 120_000;

let workshop: Workshop;
let processes: WorkerProcess[];

const startWorkers = async (): Promise<{ control: WorkerProcess; highmem: WorkerProcess }> => {
  const [control, highmem] = await Promise.all([
    WorkerProcess.start('control', workshop.workerEnv('control')),
    WorkerProcess.start('highmem', workshop.workerEnv('highmem')),
  ]);
  processes.push(control, highmem);
  return { control, highmem };
};

beforeEach(async () => {
  processes = [];
  workshop = await Workshop.open('kill', { workers: false, hub: { multipartThreshold: PART_BYTES, chunkSize: PART_BYTES } });
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await workshop.close();
});

const expectPublishedOnce = async (): Promise<void> => {
  expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  expect(await workshop.ourCommits()).toBe(1);
  const { planEntry } = await scheduledSteps(workshop.temporal, publishId(workshop.entry().name));
  expect(planEntry).toBe(1);
  const steps = await scheduledSteps(workshop.temporal, targetId(workshop.target));
  expect(steps).toMatchObject({ buildArtifact: 1, uploadArtifact: 1, commitArtifact: 1, verifyArtifact: 1 });
};

const of =
  (operation: Operation): Matches =>
  (exchange) =>
    exchange.operation === operation;

describe('SIGKILL', () => {
  it(
    'of both workers while a plan waits: the signal arrives with no worker alive',
    async () => {
      const { control, highmem } = await startWorkers();
      await workshop.start();
      const plan = await workshop.planOf();
      await Promise.all([control.kill(), highmem.kill()]);
      await workshop.handle().signal('review', { plan: plan.digest, verdict: 'approve', reviewer: 'ada' });
      await startWorkers();
      await expectPublishedOnce();
      expect(await attemptsOfSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({
        buildArtifact: 1,
        uploadArtifact: 1,
        commitArtifact: 1,
      });
    },
    TIMEOUT_MS,
  );

  /** Kills the high-memory worker when an exchange with the hub is reached, and starts another. */
  const crashAt = async (
    operation: Operation | Matches,
    kind: 'hold' | 'hold-after',
    whenReached: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> => {
    const { highmem } = await startWorkers();
    await workshop.start();
    await workshop.planOf();
    const { reached, thaw } = freeze(workshop.hub, typeof operation === 'function' ? operation : of(operation), kind);
    await workshop.approve();
    await reached;
    await whenReached();
    await highmem.kill();
    thaw();
    processes.push(await WorkerProcess.start('highmem', workshop.workerEnv('highmem')));
    await expectPublishedOnce();
  };

  it(
    'while extracting: the build goes on from its journal, and nothing before it is done again',
    async () => {
      const { files } = generateCheckpoint({ seed: 7, size: 'small' });
      const [whole = '', held] = [...files.keys()].filter((path) => path.endsWith('.safetensors'));
      const headsOfWhole = headerOfFile(files.get(whole)!).tensors.filter(({ name }) => name.startsWith('mtp.')).length;
      const readsOfWhole = (): number =>
        workshop.hub.requests.filter(({ operation, file }) => operation === 'cdn' && file === whole).length;
      let before = 0;
      let readsOfHeld = 0;
      // One shard's heads arrive, the other's never do; the first that the build reads of each is its header.
      await crashAt(
        ({ operation, file }) => operation === 'cdn' && file === held && ++readsOfHeld > 1,
        'hold',
        async () => {
          await expect.poll(() => slabsJournalled(workshop), { timeout: 20_000 }).toBe(headsOfWhole);
          before = readsOfWhole();
        },
      );
      expect(await attemptsOfSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 2, uploadArtifact: 1 });
      expect(readsOfWhole() - before).toBe(1);
    },
    TIMEOUT_MS,
  );

  it(
    'while uploading: the build is not done again, and what arrived is not sent again',
    async () => {
      const arrived = (): number[] =>
        workshop.hub.requests.flatMap(({ operation, part }) =>
          operation === 'part' && part !== undefined && part < HELD_PART ? [part] : [],
        );
      await crashAt(
        ({ operation, part }) => operation === 'part' && part !== undefined && part >= HELD_PART,
        'hold',
        () => expect.poll(() => partsJournalled(workshop), { timeout: 20_000 }).toBe(HELD_PART - 1),
      );
      expect(await attemptsOfSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ buildArtifact: 1, uploadArtifact: 2 });
      expect(arrived().toSorted((a, b) => a - b)).toEqual(Array.from({ length: HELD_PART - 1 }, (_, at) => at + 1));
    },
    TIMEOUT_MS,
  );

  it(
    'right after the commit was applied, before its answer: the commit is found, not made again',
    async () => {
      await crashAt('commit', 'hold-after', () => expect.poll(() => workshop.ourCommits().catch(() => 0), { timeout: 20_000 }).toBe(1));
      expect(await attemptsOfSteps(workshop.temporal, targetId(workshop.target))).toMatchObject({ uploadArtifact: 1, commitArtifact: 2 });
      expect(workshop.hub.requests.filter(({ operation }) => operation === 'commit')).toHaveLength(1);
    },
    TIMEOUT_MS,
  );
});

describe('SIGTERM', () => {
  it(
    'ends an idle worker with exit code 0 and gives its scratch back',
    async () => {
      const { control, highmem } = await startWorkers();
      expect(await control.stop()).toBe(0);
      expect(await highmem.stop()).toBe(0);
      await expect(access(join(workshop.directory, 'scratch', 'worker.lock'))).rejects.toThrow();
    },
    TIMEOUT_MS,
  );

  it(
    "during an upload ends at the part's boundary; the next worker goes on",
    async () => {
      const { highmem } = await startWorkers();
      await workshop.start();
      const { reached, thaw } = freeze(workshop.hub, of('part'), 'hold');
      await workshop.approve();
      await reached;
      const stopped = highmem.stop();
      thaw();
      expect(await stopped).toBe(0);
      processes.push(await WorkerProcess.start('highmem', workshop.workerEnv('highmem')));
      await expectPublishedOnce();
    },
    TIMEOUT_MS,
  );

  it(
    'a second worker on the same scratch is refused',
    async () => {
      await startWorkers();
      await expect(WorkerProcess.start('highmem', workshop.workerEnv('highmem'))).rejects.toThrow('already works in');
    },
    TIMEOUT_MS,
  );
});
