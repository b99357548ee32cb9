import type { Files } from '../../core/machine.js';
import { refuseAtStart } from './explain-failure.js';
import type { ScratchLayout } from './scratch-layout.js';
import { SwpError } from '../../core/error.js';
import { holderText, lockFile } from '../../core/file-lock.js';

/**
 * Locks a scratch for this process: two workers with the same host id would take each other's work.
 *
 * @returns a function that unlocks it; the end of the process also unlocks it
 * @throws SwpError `worker/scratch-taken`, `scratch/…`
 */
export const lockScratch = async (files: Files, layout: ScratchLayout): Promise<() => void> => {
  const lock = await lockFile(layout.lockFile).catch(async (error: unknown) => {
    throw await refuseAtStart(files, error, layout.root);
  });
  if ('unlock' in lock) return lock.unlock;
  throw new SwpError('conflict', 'worker/scratch-taken', `${holderText(lock.heldBy)} already works in ${layout.root}.`, {
    hint: 'Stop it first, or give this worker a directory of its own with SWP_SCRATCH.',
  });
};
