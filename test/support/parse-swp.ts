import { CommanderError, type Command } from 'commander';
import { declare } from '../../client/program.js';
import { declareCompletion } from '../../client/declare-completion.js';

const quiet = (command: Command): void => {
  command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  command.commands.forEach(quiet);
};

/** Parses these words as `swp` does and returns commander's error code, or null if they are valid. Runs no command. */
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
