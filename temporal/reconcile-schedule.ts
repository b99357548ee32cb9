import { isDeepStrictEqual } from 'node:util';
import { ScheduleOverlapPolicy, ScheduleAlreadyRunning, type Client, type ScheduleOptions } from '@temporalio/client';
import { SwpError } from '../core/error.js';
import { revalidateId, type Revalidation } from '../contract/names.js';
import type { revalidate } from '../workflows/revalidate.js';
import type { RevalidateInput } from '../contract/results.js';

/** A schedule: its times, and the input of its runs. */
export interface WantedSchedule {
  readonly which: Revalidation;
  readonly cron: string;
  readonly timezone: string;
  readonly input: RevalidateInput;
}

/** After an outage, the server still starts a run that is late by at most this; it skips older ones. */
const CATCH_UP: Readonly<Record<Revalidation, string>> = { nightly: '6 hours', weekly: '2 days' };

/** Increase it when this program creates schedules in another way, so that `set` updates existing ones. */
const OPTIONS_VERSION = 1;

/** Returns the settings to keep with the schedule's action: the server returns a crontab line in another form. */
export const settingsOf = ({ cron, timezone, input }: WantedSchedule, taskQueue: string) => ({
  cron,
  timezone,
  input,
  taskQueue,
  options: OPTIONS_VERSION,
});

const optionsOf = (wanted: WantedSchedule, taskQueue: string) =>
  ({
    spec: { cronExpressions: [wanted.cron], timezone: wanted.timezone },
    action: {
      type: 'startWorkflow',
      workflowType: 'revalidate',
      workflowId: revalidateId(wanted.which),
      args: [wanted.input],
      taskQueue,
      memo: { schedule: settingsOf(wanted, taskQueue) },
      staticSummary:
        wanted.which === 'nightly' ? 'Compare all published targets with the Hub listing' : 'Read a part of the published files back',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP[wanted.which], pauseOnFailure: false },
  }) as const satisfies Omit<ScheduleOptions, 'scheduleId'>;

export type Reconciled = 'created' | 'changed' | 'unchanged';

/** Converts the `TypeError` with which the SDK reports a spec that the server rejects (`ScheduleClient.rethrowGrpcError`). */
const scheduleError = (wanted: WantedSchedule, error: unknown): unknown =>
  error instanceof TypeError
    ? new SwpError(
        'usage',
        'client/schedule',
        `The Temporal server rejects the schedule "${wanted.cron}" in ${wanted.timezone}: ${error.message}.`,
        {
          cause: error,
        },
      )
    : error;

/**
 * Creates or updates a schedule from the settings. A paused schedule stays paused.
 *
 * @throws SwpError `client/schedule` for times that the server rejects
 */
export const reconcileSchedule = async (client: Client, wanted: WantedSchedule, taskQueue: string): Promise<Reconciled> => {
  const options = optionsOf(wanted, taskQueue);
  try {
    await client.schedule.create<typeof revalidate>({ scheduleId: revalidateId(wanted.which), ...options });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw scheduleError(wanted, error);
  }
  const handle = client.schedule.getHandle(revalidateId(wanted.which));
  const { action } = await handle.describe();
  if (isDeepStrictEqual(action.memo?.['schedule'], settingsOf(wanted, taskQueue))) return 'unchanged';
  try {
    await handle.update<typeof revalidate>(({ state }) => ({ ...options, state }));
  } catch (error) {
    throw scheduleError(wanted, error);
  }
  return 'changed';
};
