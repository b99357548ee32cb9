import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import pMap from 'p-map';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostQueue, publishId, queuesOf } from '../../contract/names.js';
import type { TemporalClient } from '../../temporal/connect-client.js';
import { connectWorker } from '../../worker/connection.js';
import type { Steps } from '../sim/workflows/activity-run.js';
import { STEP_FAULTS } from '../sim/workflows/faults.js';
import type { Ground } from '../sim/workflows/ground.js';
import { orderOf, type Order } from '../sim/workflows/order.js';
import { namesOf, playOrder, runOrder, startOrder } from '../sim/workflows/run-order.js';
import { loadWorkflows } from '../sim/workflows/workflow-run.js';
import { World } from '../sim/workflows/world.js';
import { quietRuntime } from '../support/runtime.js';
import { connectTestClient, testTemporalEnv, uniqueName, workflowBundle } from '../support/temporal.js';
import { workflowCode } from '../support/workflow-code.js';

const ORDERS = 50;
const LONGEST_SLEEP_MS = 30;
/** Faults and acts whose consequences depend on real time. */
const TIMED_FAULTS: ReadonlySet<string> = new Set(['hangs', 'applied-hangs', 'arrives-late', 'gone', 'applied-gone']);
const TIMED_ACTS: ReadonlySet<string> = new Set(['cancel-publish', 'cancel-target', 'move', 'abandon', 'rival']);

quietRuntime();

/** Returns an order without anything that a race decides. */
const withoutRaces = (order: Order): Order => ({
  ...order,
  artifacts: 1,
  campaign: false,
  faults: order.faults.filter(({ step, fault }) => step !== 'notify' && !TIMED_FAULTS.has(fault)),
  acts: order.acts.filter(({ act }) => !TIMED_ACTS.has(act)),
});

interface Ended {
  readonly end: unknown;
  /** The steps in their order, and after them those that run beside others. */
  readonly steps: readonly string[];
}

const inOrder = (log: readonly string[]): string[] => {
  const runsBeside = (line: string): boolean => / (?:notify|freeHost)$/.test(line);
  return [...log.filter((line) => !runsBeside(line)), ...log.filter((line) => line.endsWith(' freeHost'))];
};

let temporal: TemporalClient;
const queue = uniqueName('orders');
/** The steps of each running order, by its seed, which all its workflow ids name. */
const running = new Map<number, Steps>();
const seedOf = (workflowId: string): number => Number(/-(\d+)(?:-mtp)?$/.exec(workflowId)?.[1]);
let stop: () => Promise<void>;

beforeAll(async () => {
  temporal = await connectTestClient();
  const { connection } = await connectWorker(testTemporalEnv());
  const runStep =
    (name: string) =>
    async (...args: unknown[]): Promise<unknown> => {
      const { info, cancellationSignal } = Context.current();
      const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
      const steps = running.get(seedOf(workflowId));
      if (steps === undefined) throw new Error(`no order for ${workflowId}`);
      return steps({ name, args, queue: info.taskQueue, workflowId, runId, attempt: info.attempt }, cancellationSignal);
    };
  const activities = Object.fromEntries([...Object.keys(STEP_FAULTS), 'awaitWorkflow'].map((name) => [name, runStep(name)]));
  const { control, waiting, claims, light } = queuesOf(queue);
  const queues = [waiting, claims, light, hostQueue(queue, 'host-1'), hostQueue(queue, 'host-2')];
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: control, activities, workflowBundle: workflowBundle() }),
    ...queues.map((taskQueue) => Worker.create({ connection, taskQueue, activities })),
  ]);
  const ended = Promise.all(workers.map((worker) => worker.run()));
  stop = async () => {
    for (const worker of workers) worker.shutdown();
    await ended;
    await connection.close();
  };
});
afterAll(async () => {
  await stop();
  await temporal.close();
});

const quietly = (sent: Promise<unknown>): Promise<void> =>
  sent.then(
    () => undefined,
    () => undefined,
  );

const runOnServer = async (order: Order): Promise<Ended> => {
  const { client } = temporal;
  const world = new World(Date.now);
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);
  const ground: Ground = {
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, LONGEST_SLEEP_MS))),
    workerGone: () => ApplicationFailure.create({ type: 'worker-stopping', message: 'the worker is gone' }),
    start: async (type, workflowId, input) => {
      const { firstExecutionRunId } = await client.workflow.start(type, {
        workflowId,
        args: [...input],
        taskQueue: queuesOf(queue).control,
      });
      return firstExecutionRunId;
    },
    closed: (workflowId) => quietly(handle(workflowId).result()),
    signal: (workflowId, name, message) => quietly(handle(workflowId).signal(name, message)),
    update: (workflowId, name, message) =>
      handle(workflowId)
        .executeUpdate(name, { args: [message] })
        .then(
          () => true,
          () => false,
        ),
    cancel: (workflowId) => quietly(handle(workflowId).cancel()),
  };
  const { steps, log } = playOrder(order, world, ground);
  running.set(order.seed, steps);
  await startOrder(order, ground);
  const end = await handle(publishId(namesOf(order).entry))
    .result()
    .then(
      (result: unknown) => ({ status: 'completed', result }),
      (error: unknown) => {
        if (!(error instanceof WorkflowFailedError)) throw error;
        return error.cause instanceof CancelledFailure ? { status: 'cancelled' } : { status: 'failed', message: error.cause?.message };
      },
    );
  expect(world.violations).toEqual([]);
  return { end, steps: inOrder(log) };
};

it('gives the same steps and the same end on a Temporal server as in the simulation', async () => {
  const workflows = loadWorkflows(await workflowCode());
  const simulated = new Map<Order, Ended>();
  for (let seed = 1; simulated.size < ORDERS; seed += 1) {
    const order = withoutRaces(orderOf(seed));
    const { runs, steps, lateAnswers } = await runOrder(workflows, order);
    const end = runs[0]?.end;
    // A person who stays silent makes a server wait for an hour.
    if (lateAnswers > 0 || JSON.stringify(end).includes('expired')) continue;
    const shown = end?.status === 'failed' ? { status: 'failed', message: end.error.message } : end;
    simulated.set(order, { end: shown, steps: inOrder(steps) });
  }
  await pMap(
    [...simulated],
    async ([order, expected]) => expect({ seed: order.seed, ...(await runOnServer(order)) }).toEqual({ seed: order.seed, ...expected }),
    {
      concurrency: 8,
    },
  );
}, 300_000);
