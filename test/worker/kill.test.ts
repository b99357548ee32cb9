import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../dev/hub/index.js';
import { publishId, targetId } from '../../workflows/names.js';
import { WorkerProcess } from '../support/worker-process.js';
import { Workshop } from '../support/workshop.js';

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
  workshop = await Workshop.open('kill', { workers: false });
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await workshop.close();
});

/** How often each activity was begun anew: a step that is done again after a crash is one schedule with two attempts. */
const scheduled = async (id: string): Promise<Record<string, number>> => {
  const { events } = await workshop.temporal.client.workflow.getHandle(id).fetchHistory();
  const names = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((other) => other === name).length]));
};

/** Attempts that each activity took to succeed. */
const attempts = async (id: string): Promise<Record<string, number>> => {
  const { events } = await workshop.temporal.client.workflow.getHandle(id).fetchHistory();
  const nameOf = new Map(
    (events ?? []).map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name]),
  );
  return Object.fromEntries(
    (events ?? []).flatMap((event) =>
      event.activityTaskStartedEventAttributes
        ? [
            [
              nameOf.get(String(event.activityTaskStartedEventAttributes.scheduledEventId)) ?? '',
              event.activityTaskStartedEventAttributes.attempt ?? 0,
            ],
          ]
        : [],
    ),
  );
};

/** Holds the first exchange of an operation for ever, and resolves when it is reached. */
const freeze = (operation: Operation, kind: 'hold' | 'hold-after'): { reached: Promise<void>; thaw: () => void } => {
  let thaw = (): void => undefined;
  const until = new Promise<void>((resolve) => (thaw = resolve));
  const reached = new Promise<void>((resolve) => {
    let hit = false;
    workshop.hub.on((exchange) => {
      if (hit || exchange.operation !== operation) return undefined;
      hit = true;
      resolve();
      return { kind, until };
    });
  });
  return { reached, thaw };
};

const expectPublishedOnce = async (): Promise<void> => {
  expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  expect(await workshop.ourCommits()).toBe(1);
  const { planEntry } = await scheduled(publishId(workshop.entry().name));
  expect(planEntry).toBe(1);
  const steps = await scheduled(targetId(workshop.target));
  expect(steps).toMatchObject({ buildArtifact: 1, uploadArtifact: 1, commitArtifact: 1, verifyArtifact: 1 });
};

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
      expect(await attempts(targetId(workshop.target))).toMatchObject({ buildArtifact: 1, uploadArtifact: 1, commitArtifact: 1 });
    },
    TIMEOUT_MS,
  );

  /** Kills the high-memory worker when an exchange with the hub is reached, and starts another. */
  const crashAt = async (
    operation: Operation,
    kind: 'hold' | 'hold-after',
    whenReached: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> => {
    const { highmem } = await startWorkers();
    await workshop.start();
    await workshop.planOf();
    const { reached, thaw } = freeze(operation, kind);
    await workshop.approve();
    await reached;
    await whenReached();
    await highmem.kill();
    thaw();
    processes.push(await WorkerProcess.start('highmem', workshop.workerEnv('highmem')));
    await expectPublishedOnce();
  };

  it(
    'while extracting: the build is done again, and nothing before it',
    async () => {
      await crashAt('cdn', 'hold');
      expect(await attempts(targetId(workshop.target))).toMatchObject({ buildArtifact: 2, uploadArtifact: 1 });
    },
    TIMEOUT_MS,
  );

  it(
    'while uploading: the build is not done again',
    async () => {
      await crashAt('put', 'hold');
      expect(await attempts(targetId(workshop.target))).toMatchObject({ buildArtifact: 1, uploadArtifact: 2 });
    },
    TIMEOUT_MS,
  );

  it(
    'right after the commit was applied, before its answer: the commit is found, not made again',
    async () => {
      await crashAt('commit', 'hold-after', () => expect.poll(() => workshop.ourCommits().catch(() => 0), { timeout: 20_000 }).toBe(1));
      expect(await attempts(targetId(workshop.target))).toMatchObject({ uploadArtifact: 1, commitArtifact: 2 });
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
      const { reached, thaw } = freeze('put', 'hold');
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
