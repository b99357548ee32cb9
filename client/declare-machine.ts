import { Option, type Command } from 'commander';
import type { Execute } from './context.js';
import { collect, wholeNumber } from './option-values.js';

const fault = new Option('--fault <name[@nth]>', 'let something go wrong on the local hub; repeatable; `help` lists what').argParser(
  collect,
);

/** The commands about machines: what is on this one, its workers, and the sandbox. */
export const declareMachine = (program: Command, execute: Execute): void => {
  program
    .command('doctor')
    .description('check settings, server, Hub and tokens')
    .option('--setup', 'register what the Temporal namespace lacks')
    .action((options: { setup?: true }) => execute(async (context) => (await import('./commands/doctor.js')).doctor(options, context)));
  const scratch = program.command('scratch').description("what lies in this machine's scratch");
  scratch
    .command('list')
    .description('builds, staged sources and extractions, and which publish needs them')
    .action(() => execute(async (context) => (await import('./commands/scratch.js')).scratchList(context)));
  scratch
    .command('clean')
    .description('delete what no publish needs; the worker must be stopped')
    .action(() => execute(async (context) => (await import('./commands/scratch.js')).scratchClean(context)));
  program
    .command('worker')
    .argument('<role>', 'control or highmem')
    .description('run a worker until it is told to stop')
    .option('--limit-rate <rate>', 'bytes a second for all its uploads, as 800k, 50M or 1.5G')
    .action((role: string, options: { limitRate?: string }) =>
      execute(async (context) => (await import('./commands/worker.js')).worker({ role, ...options }, context)),
    );
  program
    .command('dev')
    .description('a local sandbox: Temporal, a local hub and both workers')
    .option('--directory <path>', 'where it lives', '.swp/dev')
    .option('--port <n>', 'of the Temporal server; 0 for any', wholeNumber(0), 7233)
    .option('--ui-port <n>', 'of the Web UI; 0 for any', wholeNumber(0), 8233)
    .option('--hub-port <n>', 'of the local hub; 0 for any', wholeNumber(0), 8333)
    .addOption(fault)
    .action((options: { directory: string; port: number; uiPort: number; hubPort: number; fault?: readonly string[] }) =>
      execute(async (context) => (await import('./commands/dev.js')).dev(options, context)),
    );
  program
    .command('demo')
    .description('publish a synthetic sidecar on this machine, from plan to verification')
    .option('--yes', 'approve the plan without asking')
    .action((options: { yes?: true }) => execute(async (context) => (await import('./commands/demo.js')).demo(options, context)));
};
