import { Option, type Command } from 'commander';
import type { Execute } from './context.js';
import { collect, wholeNumber } from './option-values.js';

const fault = new Option('--fault <name[@nth]>', 'inject a fault into the local hub; repeatable; `help` lists the faults').argParser(
  collect,
);

/** Declares the commands for machines: checks, scratch, workers and the sandbox. */
export const declareMachine = (program: Command, execute: Execute): void => {
  program
    .command('doctor')
    .description('check settings, server, Hub and tokens')
    .option('--setup', 'register the search attributes that the Temporal namespace lacks')
    .action((options: { setup?: true }) => execute(async (context) => (await import('./commands/doctor.js')).doctor(options, context)));
  const scratch = program.command('scratch').description('list or clean the scratch directory of this machine');
  scratch
    .command('list')
    .description('list builds, staged sources and extractions, and the publishes that need them')
    .action(() => execute(async (context) => (await import('./commands/scratch.js')).scratchList(context)));
  scratch
    .command('clean')
    .description('delete everything that no publish needs; stop the worker first')
    .action(() => execute(async (context) => (await import('./commands/scratch.js')).scratchClean(context)));
  program
    .command('worker')
    .argument('<role>', 'control or highmem')
    .description('run a worker until Ctrl-C or SIGTERM')
    .option('--limit-rate <rate>', 'limit of all its uploads together, in bytes per second, for example 800k, 50M or 1.5G')
    .action((role: string, options: { limitRate?: string }) =>
      execute(async (context) => (await import('./commands/worker.js')).worker({ role, ...options }, context)),
    );
  program
    .command('dev')
    .description('a local sandbox: Temporal, a local hub and both workers')
    .option('--directory <path>', 'directory for its data', '.swp/dev')
    .option('--port <n>', 'port of the Temporal server; 0 takes a free one', wholeNumber(0), 7233)
    .option('--ui-port <n>', 'port of the Web UI; 0 takes a free one', wholeNumber(0), 8233)
    .option('--hub-port <n>', 'port of the local hub; 0 takes a free one', wholeNumber(0), 8333)
    .addOption(fault)
    .action((options: { directory: string; port: number; uiPort: number; hubPort: number; fault?: readonly string[] }) =>
      execute(async (context) => (await import('./commands/dev.js')).dev(options, context)),
    );
  program
    .command('demo')
    .description('publish synthetic weights on this machine, from plan to verification')
    .option('--yes', 'approve the plan without asking')
    .action((options: { yes?: true }) => execute(async (context) => (await import('./commands/demo.js')).demo(options, context)));
};
