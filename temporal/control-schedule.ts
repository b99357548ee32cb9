import { setTimeout as delay } from 'node:timers/promises';
import { ScheduleNotFoundError, type Client, type ScheduleHandle } from '@temporalio/client';
import { revalidateId, type Revalidation } from '../contract/names.js';
import type { RevalidateResult } from '../contract/results.js';
import { SwpError } from '../core/error.js';
import type { revalidate } from '../workflows/revalidate.js';

const POLL_MS = 300;
/** Timeout of a trigger: a server that works starts the run immediately. */
const TRIGGER_MS = 10_000;

/** Runs a function on a schedule; returns null if the schedule does not exist. */
export const nullIfNotFound = async <T>(run: () => Promise<T>): Promise<T | null> => {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
};

/** Runs an operation on a schedule. Returns false if the schedule does not exist. */
const control = async (client: Client, which: Revalidation, run: (handle: ScheduleHandle) => Promise<void>): Promise<boolean> =>
  (await nullIfNotFound(async () => (await run(client.schedule.getHandle(revalidateId(which))), true))) === true;

export const pauseSchedule = (client: Client, which: Revalidation, note: string): Promise<boolean> =>
  control(client, which, (handle) => handle.pause(note));

export const resumeSchedule = (client: Client, which: Revalidation, note: string): Promise<boolean> =>
  control(client, which, (handle) => handle.unpause(note));

export const deleteSchedule = (client: Client, which: Revalidation): Promise<boolean> =>
  control(client, which, (handle) => handle.delete());

/** A run of a schedule that was triggered. */
export interface Triggered {
  readonly workflow: string;
  readonly run: string;
  /** True if it already ran. */
  readonly wasRunning: boolean;
}

const trigger = async (client: Client, which: Revalidation, signal: AbortSignal): Promise<Triggered> => {
  const handle = client.schedule.getHandle(revalidateId(which));
  const { info } = await handle.describe();
  const [running] = info.runningActions;
  if (running !== undefined) return { workflow: running.workflow.workflowId, run: running.workflow.firstExecutionRunId, wasRunning: true };
  const known = new Set(info.recentActions.map(({ action }) => action.workflow.firstExecutionRunId));
  await handle.trigger();
  for (const begun = Date.now(); Date.now() - begun < TRIGGER_MS; await delay(POLL_MS, undefined, { signal })) {
    const taken = (await handle.describe()).info.recentActions.find(({ action }) => !known.has(action.workflow.firstExecutionRunId));
    if (taken !== undefined)
      return { workflow: taken.action.workflow.workflowId, run: taken.action.workflow.firstExecutionRunId, wasRunning: false };
  }
  throw new SwpError('unavailable', 'schedule/not-taken', `The server did not start the ${which} run within ${TRIGGER_MS / 1000} s.`, {
    hint: 'It may start later: check with `swp schedule show`.',
  });
};

/** Starts a run of a schedule now, unless one is running; null if the schedule does not exist. */
export const triggerSchedule = (client: Client, which: Revalidation, signal: AbortSignal): Promise<Triggered | null> =>
  nullIfNotFound(() => trigger(client, which, signal));

/** Waits for the result of a run. */
export const scheduledResult = (client: Client, { workflow, run }: Triggered): Promise<RevalidateResult> =>
  client.workflow.getHandle<typeof revalidate>(workflow, run).result();
