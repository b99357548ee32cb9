import { isDeepStrictEqual } from 'node:util';
import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  ScheduleAlreadyRunning,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { revalidateId, type Revalidation } from '../../contract/names.js';
import type { revalidate } from '../../workflows/revalidate.js';
import type { WantedSchedule } from './wanted-schedules.js';

/** After an outage a run that is late by less is made up for; an older one is not. */
const CATCH_UP: Readonly<Record<Revalidation, string>> = { nightly: '6 hours', weekly: '2 days' };

/** Rises when this program makes a schedule in another way, so that `set` changes those that are there. */
const OPTIONS_VERSION = 1;

/** Kept with the schedule's action, since the server tells a crontab line back in another form. */
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
        wanted.which === 'nightly' ? 'Everything that is published, by what the Hub lists' : 'A part of what is published, read back whole',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP[wanted.which], pauseOnFailure: false },
  }) as const satisfies Omit<ScheduleOptions, 'scheduleId'>;

export type Reconciled = 'created' | 'changed' | 'unchanged';

/** The SDK tells a spec that the server does not take by a `TypeError` (`ScheduleClient.rethrowGrpcError`). */
const refused = (wanted: WantedSchedule, error: unknown): unknown =>
  error instanceof TypeError
    ? new SwpError(
        'usage',
        'client/schedule',
        `The server takes no schedule at "${wanted.cron}" in ${wanted.timezone}: ${error.message}.`,
        {
          cause: error,
        },
      )
    : error;

/**
 * Makes a schedule what the settings say, whether it is there or not; a paused one stays paused.
 *
 * @throws SwpError `client/schedule` for times that the server refuses
 */
export const reconcileSchedule = async (client: Client, wanted: WantedSchedule, taskQueue: string): Promise<Reconciled> => {
  const options = optionsOf(wanted, taskQueue);
  try {
    await client.schedule.create<typeof revalidate>({ scheduleId: revalidateId(wanted.which), ...options });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw refused(wanted, error);
  }
  const handle = client.schedule.getHandle(revalidateId(wanted.which));
  const { action } = await handle.describe();
  if (isDeepStrictEqual(action.memo?.['schedule'], settingsOf(wanted, taskQueue))) return 'unchanged';
  try {
    await handle.update<typeof revalidate>(({ state }) => ({ ...options, state }));
  } catch (error) {
    throw refused(wanted, error);
  }
  return 'changed';
};

/** Runs something with a schedule; null where there is none. */
export const nullIfNotFound = async <T>(run: () => Promise<T>): Promise<T | null> => {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
};
