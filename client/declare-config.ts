import type { Command } from 'commander';
import type { Execute } from './context.js';

/** Declares the command that shows the settings. */
export const declareConfig = (program: Command, execute: Execute): void => {
  program
    .command('config')
    .description('show the settings of swp')
    .command('show')
    .description('show every setting and where its value comes from')
    .action(() => execute(async (context) => (await import('./commands/config-show.js')).configShow(context)));
};
