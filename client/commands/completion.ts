import { readFile } from 'node:fs/promises';
import { script } from '@bomb.sh/tab';
import type { Shell } from '../completion-shells.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const PROGRAM = 'swp';

/**
 * Prints the script that a shell loads to complete `swp`. The scripts for bash and zsh are ours: those of the library let
 * the shell evaluate typed text, cannot be loaded twice, and need functions that a plain shell does not have.
 */
export const completion = async (shell: Shell, { out }: Context): Promise<ExitCode> => {
  if (shell === 'fish') script(shell, PROGRAM, PROGRAM);
  else {
    const text = await readFile(new URL(`../completion/${PROGRAM}.${shell}`, import.meta.url), 'utf8');
    out.data({ shell, script: text }, () => text.trimEnd());
  }
  return EXIT.ok;
};
