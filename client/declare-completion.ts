import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from './completion-shells.js';
import type { Execute } from './context.js';

/**
 * The script that a shell loads, and the hidden command that it asks with what was typed so far.
 *
 * @param declare makes the commands once more, for whoever looks through them
 */
export const declareCompletion = (program: Command, declare: () => Command, execute: Execute): void => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .description('print the script with which a shell completes commands, flags and entries')
    .action((shell: Shell) => execute(async (context) => (await import('./commands/completion.js')).completion(shell, context)));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => execute(async (context) => (await import('./commands/complete.js')).complete(words, declare(), context)));
};
