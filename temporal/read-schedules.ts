import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { z } from 'zod';
import { REVALIDATIONS, revalidateId, type Revalidation } from '../contract/names.js';
import type { revalidate } from '../workflows/revalidate.js';
import type { RevalidateResult } from '../contract/results.js';
import { nullIfNotFound } from './control-schedule.js';

/** A run of re-validation, as far as the server still knows it. */
export interface Run {
  readonly workflow: string;
  readonly at: Date;
  readonly status: string;
  /** The result of a run that has completed; else null. */
  readonly result: RevalidateResult | null;
}

export interface ShownSchedule {
  readonly which: Revalidation;
  readonly paused: boolean;
  readonly note: string | null;
  /** The crontab line of the settings; null for a schedule of another program. */
  readonly cron: string | null;
  readonly timezone: string | null;
  readonly next: Date | null;
  /** Newest first. */
  readonly runs: readonly Run[];
}

/** Number of runs to show of each schedule. */
const RUNS = 3;

/** Checks only the fields that are shown: a worker of another version may leave out or add others. */
const Result = z.custom<RevalidateResult>(
  (value) =>
    z
      .looseObject({
        which: z.enum(REVALIDATIONS),
        targets: z.number(),
        findings: z.looseObject({
          rows: z.array(z.looseObject({ code: z.string(), message: z.string() })),
          attention: z.number(),
          info: z.number(),
        }),
        repairs: z.array(z.looseObject({ entry: z.string() })),
      })
      .safeParse(value).success,
);

const Memo = z.object({ cron: z.string(), timezone: z.string() });

const readRun = async (client: Client, workflow: string, run: string, at: Date): Promise<Run> => {
  const handle = client.workflow.getHandle<typeof revalidate>(workflow, run);
  try {
    const status = (await handle.describe()).status.name;
    return { workflow, at, status, result: status === 'COMPLETED' ? (Result.safeParse(await handle.result()).data ?? null) : null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { workflow, at, status: 'DELETED', result: null };
    throw error;
  }
};

/** Reads a schedule with its newest runs; returns null if it does not exist. */
const readSchedule = async (client: Client, which: Revalidation): Promise<ShownSchedule | null> => {
  const found = await nullIfNotFound(() => client.schedule.getHandle(revalidateId(which)).describe());
  if (found === null) return null;
  const newest = found.info.recentActions.toReversed().slice(0, RUNS);
  const runs = newest.map(({ takenAt, action: { workflow } }) =>
    readRun(client, workflow.workflowId, workflow.firstExecutionRunId, takenAt),
  );
  const memo = Memo.safeParse(found.action.memo?.['schedule']).data;
  return {
    which,
    paused: found.state.paused,
    note: found.state.note === undefined || found.state.note === '' ? null : found.state.note,
    cron: memo?.cron ?? null,
    timezone: memo?.timezone ?? null,
    next: found.state.paused ? null : (found.info.nextActionTimes[0] ?? null),
    runs: await Promise.all(runs),
  };
};

/** Reads the schedules that exist. */
export const readSchedules = async (client: Client): Promise<readonly ShownSchedule[]> =>
  (await Promise.all(REVALIDATIONS.map((which) => readSchedule(client, which)))).filter((found) => found !== null);
