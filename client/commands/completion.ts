import { script } from '@bomb.sh/tab';
import type { Shell } from '../completion-shells.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const PROGRAM = 'swp';

/** Prints the script that a shell loads to complete `swp`. */
export const completion = (shell: Shell): ExitCode => {
  script(shell, PROGRAM, PROGRAM);
  return EXIT.ok;
};
