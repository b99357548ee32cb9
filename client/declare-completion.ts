import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from './completion-shells.js';
import type { Execute } from './context.js';

/**
 * Declares the command that prints the completion script, and the hidden command that this script calls with the words
 * typed so far.
 *
 * @param declare declares all commands again, for the search of completions
 */
export const declareCompletion = (program: Command, declare: () => Command, execute: Execute): void => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .description('print the shell script that completes commands, flags and entries')
    .action((shell: Shell) => execute(async (context) => (await import('./commands/completion.js')).completion(shell, context)));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => execute(async (context) => (await import('./commands/complete.js')).complete(words, declare(), context)));
};
