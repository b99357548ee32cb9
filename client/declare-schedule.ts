import { Argument, type Command } from 'commander';
import type { Execute } from './context.js';
import type { ScheduleFlags } from './schedules/wanted-schedules.js';
import { REVALIDATIONS, type Revalidation } from '../contract/names.js';

const optional = () => new Argument('[which]', 'default: both schedules').choices([...REVALIDATIONS]);

/** Declares the commands for scheduled re-validation. */
export const declareSchedule = (program: Command, execute: Execute): void => {
  const schedule = program
    .command('schedule')
    .description(
      're-validate everything that is published: compare it with the Hub listing every night, read a part of the files back every week',
    );
  schedule
    .command('set')
    .description('create both schedules, or update them to the settings and flags')
    .option('--nightly <cron>', 'when to compare every target with the Hub listing (SWP_NIGHTLY); default: 30 2 * * *')
    .option('--weekly <cron>', 'when to read whole files back (SWP_WEEKLY); default: 0 4 * * 6')
    .option('--timezone <name>', 'time zone of both, for example Europe/Berlin (SWP_SCHEDULE_TIMEZONE); default: UTC')
    .option('--weeks <n>', 'read every file once within n weeks (SWP_READ_WEEKS); default: 8')
    .action((flags: ScheduleFlags) => execute(async (context) => (await import('./commands/schedule.js')).scheduleSet(flags, context)));
  schedule
    .command('show')
    .description('show when they run, how the last runs ended, and their findings')
    .option('--markdown', 'print the findings of the last runs as Markdown, for a job summary')
    .action((options: { markdown?: true }) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleShow(options, context)),
    );
  schedule
    .command('pause')
    .addArgument(optional())
    .description('start no runs until the schedule is resumed')
    .option('--note <text>', 'reason to record with the schedule')
    .action((which: Revalidation | undefined, { note }: { note?: string }) =>
      execute(async (context) => (await import('./commands/schedule.js')).schedulePause(which, note, context)),
    );
  schedule
    .command('resume')
    .addArgument(optional())
    .description('start runs again')
    .option('--note <text>', 'reason to record with the schedule')
    .action((which: Revalidation | undefined, { note }: { note?: string }) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleResume(which, note, context)),
    );
  schedule
    .command('trigger')
    .addArgument(new Argument('<which>').choices([...REVALIDATIONS]))
    .description('start a run now')
    .option('--watch', 'wait until it has ended, and show its findings')
    .action((which: Revalidation, options: { watch?: true }) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleTrigger(which, options, context)),
    );
  schedule
    .command('delete')
    .addArgument(optional())
    .description('delete the schedules; runs that they started continue')
    .action((which: Revalidation | undefined) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleDelete(which, context)),
    );
};
