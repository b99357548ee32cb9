import type { Client } from '@temporalio/client';
import { hostQueue, queuesOf } from '../../contract/names.js';
import type { Running, Step } from './read.js';
import { isLeaving, stageOf } from './stage-text.js';
import { recentWorkers } from './workers.js';

/** An artifact with a step that one high-memory host alone can take or has taken. */
export interface OnHost {
  readonly running: Running;
  readonly host: string;
  readonly stage: string;
  /** Nobody works for that host, as far as the server knows. */
  readonly isAway: boolean;
}

/** A step that a worker has, or that its host has refused for lack of room, is on a host that is there. */
const isAway = async (client: Client, step: Step): Promise<boolean> => {
  if (!step.waitsForWorker || step.refused || step.queue === null) return false;
  return step.lost || (await recentWorkers(client, step.queue))?.size === 0;
};

/** The artifacts that are on hosts now. */
export const readOnHosts = async (client: Client, targets: readonly Running[]): Promise<readonly OnHost[]> => {
  const found = targets.flatMap((running) =>
    running.steps.flatMap((step) => (step.host === null || isLeaving(step) ? [] : [{ running, step, host: step.host }])),
  );
  return Promise.all(
    found.map(async ({ running, step, host }) => ({ running, host, stage: stageOf(running), isAway: await isAway(client, step) })),
  );
};

/**
 * Whether a high-memory worker polls beside those of the hosts that are left. Where these are not known, one worker alone
 * may be the one; where the server does not say, there may be another.
 */
export const hasOtherHost = async (client: Client, taskQueue: string, hosts: readonly string[]): Promise<boolean> => {
  const { claims } = queuesOf(taskQueue);
  const all = await recentWorkers(client, claims);
  if (all === null) return true;
  if (hosts.length === 0) return all.size > 1;
  const left = await Promise.all(hosts.map((host) => recentWorkers(client, hostQueue(taskQueue, host))));
  return [...all].some((worker) => !left.some((workers) => workers?.has(worker) === true));
};
