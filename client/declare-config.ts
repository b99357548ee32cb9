import type { Command } from 'commander';
import type { Execute } from './context.js';

export const declareConfig = (program: Command, execute: Execute): void => {
  program
    .command('config')
    .description('settings of swp')
    .command('show')
    .description('show every setting and where its value comes from')
    .action(() => execute(async (context) => (await import('./commands/config-show.js')).configShow(context)));
};
