import { CommanderError, type Command } from 'commander';
import { declare } from '../../client/program.js';
import { declareCompletion } from '../../client/declare-completion.js';

const quiet = (command: Command): void => {
  command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  command.commands.forEach(quiet);
};

/** What the program's own parser finds wrong with these words, as commander's code; null where `swp` would run them. Runs nothing. */
export const parseFault = async (words: readonly string[]): Promise<string | null> => {
  const program = declare(() => Promise.resolve());
  declareCompletion(
    program,
    () => program,
    () => Promise.resolve(),
  );
  quiet(program);
  const json = words.includes('--json') ? ['--json'] : [];
  try {
    await program.parseAsync([...json, ...words.filter((word) => word !== '--json')], { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? null : error.code;
  }
};
