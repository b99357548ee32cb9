import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { parseOrFaults, wholeNumber } from '../../core/faults.js';
import { REVALIDATIONS } from '../../contract/names.js';
import type { WantedSchedule } from '../../temporal/reconcile-schedule.js';
import { defaultsFor } from '../../settings/known-settings.js';

const FIELD = String.raw`[\dA-Za-z*,/-]+`;

/** Five fields, as in crontab(5); the server validates their contents. */
const Cron = z
  .string()
  .regex(new RegExp(String.raw`^${FIELD}( ${FIELD}){4}$`), 'must have the five fields of a crontab line, for example 30 2 * * *');

const isTimezone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const Settings = z.object({
  SWP_NIGHTLY: Cron,
  SWP_WEEKLY: Cron,
  SWP_SCHEDULE_TIMEZONE: z.string().refine(isTimezone, 'must be a time zone, for example Europe/Berlin'),
  SWP_READ_WEEKS: wholeNumber(1, 520),
});

/** Flags of the command line, which take precedence over the settings. */
export interface ScheduleFlags {
  readonly nightly?: string;
  readonly weekly?: string;
  readonly timezone?: string;
  readonly weeks?: string;
}

const FLAGS = [
  ['nightly', 'SWP_NIGHTLY'],
  ['weekly', 'SWP_WEEKLY'],
  ['timezone', 'SWP_SCHEDULE_TIMEZONE'],
  ['weeks', 'SWP_READ_WEEKS'],
] as const satisfies readonly (readonly [keyof ScheduleFlags, string])[];

/**
 * Returns the schedules from settings and flags; flags take precedence.
 *
 * @throws SwpError `client/schedule` naming everything that is wrong
 */
export const wantedSchedules = (env: NodeJS.ProcessEnv, flags: ScheduleFlags): readonly WantedSchedule[] => {
  const given = FLAGS.flatMap(([flag, name]) => {
    const value = flags[flag] ?? env[name];
    return value === undefined || value === '' ? [] : [[name, value]];
  });
  const parsed = parseOrFaults(Settings, { ...defaultsFor(env), ...Object.fromEntries(given) });
  if ('faults' in parsed) {
    const names = new Map<unknown, string>(FLAGS.map(([flag, name]) => [name, `--${flag} (${name})`]));
    const faults = parsed.faults.map(({ path, message }) => `${names.get(path[0]) ?? ''}: ${message}`);
    throw new SwpError('usage', 'client/schedule', `The settings of the schedules are not valid: ${faults.join('; ')}.`);
  }
  const { SWP_NIGHTLY, SWP_WEEKLY, SWP_SCHEDULE_TIMEZONE: timezone, SWP_READ_WEEKS: weeks } = parsed.data;
  const crons = { nightly: SWP_NIGHTLY, weekly: SWP_WEEKLY };
  return REVALIDATIONS.map((which) => ({
    which,
    cron: crons[which],
    timezone,
    input: which === 'weekly' ? { which, weeks } : { which },
  }));
};
