import { stageOf } from '../../temporal/running.js';
import type { Client } from '../../temporal/connect-client.js';
import { hostQueue, queuesOf } from '../../contract/names.js';
import type { Running, Step } from '../../temporal/running.js';
import { isLeaving } from './stage-text.js';
import { recentWorkers } from '../../temporal/workers.js';

/** An artifact with a step that only one high-memory host can take, or has taken. */
export interface OnHost {
  readonly running: Running;
  readonly host: string;
  readonly stage: string;
  /** True if no worker of that host runs, as far as the server knows. */
  readonly isAway: boolean;
}

/** Returns true if the host of a step has no worker. A host that works on the step, or refused it for lack of a slot, disk or memory, has one. */
const isAway = async (client: Client, step: Step): Promise<boolean> => {
  if (!step.waitsForWorker || step.refused || step.queue === null) return false;
  return step.lost || (await recentWorkers(client, step.queue))?.size === 0;
};

/** Returns the artifacts that are on hosts now. */
export const readOnHosts = async (client: Client, targets: readonly Running[]): Promise<readonly OnHost[]> => {
  const found = targets.flatMap((running) =>
    running.steps.flatMap((step) => (step.host === null || isLeaving(step) ? [] : [{ running, step, host: step.host }])),
  );
  return Promise.all(
    found.map(async ({ running, step, host }) => ({ running, host, stage: stageOf(running), isAway: await isAway(client, step) })),
  );
};

/**
 * Returns true if a high-memory worker polls that is not on one of the given hosts, which artifacts leave. Without known
 * hosts, a single worker may be on the host to leave, so two are needed. Also true if the server does not list workers.
 */
export const hasOtherHost = async (client: Client, taskQueue: string, hosts: readonly string[]): Promise<boolean> => {
  const { claims } = queuesOf(taskQueue);
  const all = await recentWorkers(client, claims);
  if (all === null) return true;
  if (hosts.length === 0) return all.size > 1;
  const left = await Promise.all(hosts.map((host) => recentWorkers(client, hostQueue(taskQueue, host))));
  return [...all].some((worker) => !left.some((workers) => workers?.has(worker) === true));
};
