import { removeUnfinished } from '../../core/files.js';
import { freeDiskAt } from './capacity.js';
import type { ScratchParts } from './scratch-parts.js';

/**
 * Sweeps the scratch of a worker that starts: frees what publishes hold that ended while this host was off, discards shared inputs
 * that have not been used for `keepMs` milliseconds, and deletes files in its root, among the claims and among the shared inputs that were being written when the worker ended. Everything that
 * was discarded, now or before a crash, is deleted in the background.
 *
 * @param isOpen returns true if the publish with this workflow id runs
 */
export const sweepScratch = async (
  { machine, layout, claims, shared, trash }: ScratchParts,
  keepMs: number,
  isOpen: (holder: string) => Promise<boolean>,
): Promise<void> => {
  await claims.freeEnded(isOpen);
  // On a full disk nothing can be written before something is deleted.
  if ((await freeDiskAt(machine.files, layout.root)) === 0) await trash.empty();
  for (const directory of [layout.root, layout.claims, layout.sharedRoot]) await removeUnfinished(machine.files, directory);
  const holders = new Set((await shared.list()).flatMap((input) => input.holders));
  for (const holder of holders) if (!(await isOpen(holder))) await shared.free(holder);
  await shared.removeUnused(machine.clock.now() - keepMs);
  trash.emptyInBackground();
};
