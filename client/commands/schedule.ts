import { SwpError } from '../../core/error.js';
import { findingCounts, findingsMarkdown } from '../../plan/render/findings-markdown.js';
import { readSettings } from '../../settings/settings.js';
import { REVALIDATIONS, type Revalidation } from '../../contract/names.js';
import type { Client } from '../../temporal/connect-client.js';
import { deleteSchedule, pauseSchedule, resumeSchedule, scheduledResult, triggerSchedule } from '../../temporal/control-schedule.js';
import type { Context } from '../context.js';
import { EXIT, exitOfFindings, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { withTemporal } from '../publish/connect.js';
import { explainEnd } from '../../temporal/explain-end.js';
import { startWorkerHint, unpolledControl, unpolledText } from '../../temporal/workers.js';
import { readSchedules } from '../../temporal/read-schedules.js';
import { reconcileSchedule } from '../../temporal/reconcile-schedule.js';
import { wantedSchedules, type ScheduleFlags } from '../schedules/wanted-schedules.js';
import { resultText, scheduleText } from '../schedules/schedule-text.js';

const noSchedule = (which: string): SwpError =>
  new SwpError('not-found', 'schedule/none', `There is no ${which} schedule.`, { hint: 'Create the schedules with `swp schedule set`.' });

/** Creates or updates both schedules from the settings. */
export const scheduleSet = async (flags: ScheduleFlags, context: Context): Promise<ExitCode> => {
  const wanted = wantedSchedules(context.env, flags);
  const { taskQueue } = readSettings(context.env);
  return withTemporal(context, async ({ client }) => {
    const rows = await Promise.all(wanted.map(async (one) => ({ ...one, outcome: await reconcileSchedule(client, one, taskQueue) })));
    context.out.data(rows, () =>
      rows.map(({ which, cron, timezone, outcome }) => `${which}: at ${cron}, ${timezone}: ${outcome}`).join('\n'),
    );
    const missing = await unpolledControl(client, taskQueue);
    if (missing !== null) context.out.warn(`${unpolledText(missing)} Scheduled runs wait for one. ${startWorkerHint(missing)}`);
    return EXIT.ok;
  });
};

/** Shows the schedules, their newest runs and the findings. */
export const scheduleShow = async ({ markdown }: { readonly markdown?: boolean }, context: Context): Promise<ExitCode> =>
  withTemporal(context, async ({ client }) => {
    const schedules = await readSchedules(client);
    if (schedules.length === 0) throw noSchedule(REVALIDATIONS.join(' or '));
    const results = schedules.flatMap(({ runs }) => runs.find(({ result }) => result !== null)?.result ?? []);
    context.out.data(schedules, () =>
      stripControls(
        markdown === true
          ? results.map(findingsMarkdown).join('\n\n')
          : schedules.map((schedule) => scheduleText(schedule, context.out.paint, context.out.time)).join('\n\n'),
      ),
    );
    return EXIT.ok;
  });

const each = (which: Revalidation | undefined): readonly Revalidation[] => (which === undefined ? REVALIDATIONS : [which]);

/** Runs an operation on one schedule, or on both that exist. */
const withEach = async (
  which: Revalidation | undefined,
  done: string,
  context: Context,
  run: (client: Client, which: Revalidation) => Promise<boolean>,
): Promise<ExitCode> =>
  withTemporal(context, async ({ client }) => {
    const found: Revalidation[] = [];
    for (const one of each(which)) if (await run(client, one)) found.push(one);
    if (found.length === 0) throw noSchedule(which ?? REVALIDATIONS.join(' or '));
    context.out.data({ schedules: found, [done]: true }, () => found.map((one) => `${one}: ${done}`).join('\n'));
    return EXIT.ok;
  });

export const schedulePause = (which: Revalidation | undefined, note: string | undefined, context: Context): Promise<ExitCode> =>
  withEach(which, 'paused', context, (client, one) => pauseSchedule(client, one, note ?? 'Paused with swp.'));

/** Resumes schedules. Always sends a note: without one, the server ignores the request. */
export const scheduleResume = (which: Revalidation | undefined, note: string | undefined, context: Context): Promise<ExitCode> =>
  withEach(which, 'resumed', context, (client, one) => resumeSchedule(client, one, note ?? 'Resumed with swp.'));

/** Deletes schedules. Runs that they started continue. */
export const scheduleDelete = (which: Revalidation | undefined, context: Context): Promise<ExitCode> =>
  withEach(which, 'deleted', context, deleteSchedule);

/** Starts a run now. `--watch` waits until it has ended, and returns the exit code that `swp verify` would return. */
export const scheduleTrigger = async (which: Revalidation, { watch }: { readonly watch?: boolean }, context: Context): Promise<ExitCode> =>
  withTemporal(context, async ({ client }) => {
    const { out, signal, env } = context;
    const started = await triggerSchedule(client, which, signal);
    if (started === null) throw noSchedule(which);
    if (started.wasRunning) out.note(`A run is already in progress: ${started.workflow}`);
    const missing = await unpolledControl(client, readSettings(env).taskQueue);
    if (missing !== null) out.warn(`${unpolledText(missing)} The run waits for one. ${startWorkerHint(missing)}`);
    if (watch !== true) {
      out.data(started, () => `${which}: runs as ${started.workflow}`);
      return missing === null ? EXIT.ok : EXIT.unavailable;
    }
    try {
      const result = await scheduledResult(client, started);
      out.data(result, () => stripControls([`${which}: ${findingCounts(result)}`, ...resultText(result, out.paint)].join('\n')));
      return exitOfFindings(result.findings);
    } catch (error) {
      throw explainEnd(error, 'The run was cancelled.');
    }
  });
