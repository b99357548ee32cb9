import { Argument, type Command } from 'commander';
import type { Execute } from './context.js';
import type { ScheduleFlags } from './schedules/wanted-schedules.js';
import { REVALIDATIONS, type Revalidation } from '../contract/names.js';

const optional = () => new Argument('[which]', 'one of them; default: both').choices([...REVALIDATIONS]);

/** The commands about what runs by itself. */
export const declareSchedule = (program: Command, execute: Execute): void => {
  const schedule = program
    .command('schedule')
    .description('re-validation of everything that is published: each night by what the Hub lists, each week reading a part back');
  schedule
    .command('set')
    .description('make both schedules what settings and flags say; again is no change')
    .option('--nightly <cron>', 'when the Hub is asked about every target (SWP_NIGHTLY); default: 30 2 * * *')
    .option('--weekly <cron>', 'when whole files are read back (SWP_WEEKLY); default: 0 4 * * 6')
    .option('--timezone <name>', 'of both, as Europe/Berlin (SWP_SCHEDULE_TIMEZONE); default: UTC')
    .option('--weeks <n>', 'every file is read once in so many weeks (SWP_READ_WEEKS); default: 8')
    .action((flags: ScheduleFlags) => execute(async (context) => (await import('./commands/schedule.js')).scheduleSet(flags, context)));
  schedule
    .command('show')
    .description('when they run, how the last runs ended, and what was found')
    .option('--markdown', "the findings of the last runs as Markdown for a job's summary")
    .action((options: { markdown?: true }) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleShow(options, context)),
    );
  schedule
    .command('pause')
    .addArgument(optional())
    .description('start no more runs')
    .option('--note <text>', 'why')
    .action((which: Revalidation | undefined, { note }: { note?: string }) =>
      execute(async (context) => (await import('./commands/schedule.js')).schedulePause(which, note, context)),
    );
  schedule
    .command('resume')
    .addArgument(optional())
    .description('start runs again')
    .option('--note <text>', 'why')
    .action((which: Revalidation | undefined, { note }: { note?: string }) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleResume(which, note, context)),
    );
  schedule
    .command('trigger')
    .addArgument(new Argument('<which>').choices([...REVALIDATIONS]))
    .description('start a run now')
    .option('--watch', 'stay until it has ended, and show what it found')
    .action((which: Revalidation, options: { watch?: true }) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleTrigger(which, options, context)),
    );
  schedule
    .command('delete')
    .addArgument(optional())
    .description('delete the schedules; what they started goes on')
    .action((which: Revalidation | undefined) =>
      execute(async (context) => (await import('./commands/schedule.js')).scheduleDelete(which, context)),
    );
};
