import { open, rm, mkdir } from 'node:fs/promises';
import { SwpError } from '../core/error.js';
import type { ScratchLayout } from '../activities/scratch/layout.js';
import { holderOf, readHolder, stillRuns } from './holder.js';

/**
 * Takes a scratch directory for this process: two workers with one host id would take each other's work.
 * A lock whose process is gone is taken over.
 *
 * @returns gives the lock back
 * @throws SwpError `worker/scratch-taken`
 */
export const lockScratch = async (layout: ScratchLayout): Promise<() => Promise<void>> => {
  await mkdir(layout.root, { recursive: true, mode: 0o700 });
  const path = layout.lockFile;
  const mine = await holderOf(process.pid);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(`${JSON.stringify(mine)}\n`);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = await readHolder(path);
    if (holder !== null && holder.pid !== process.pid && (await stillRuns(holder))) {
      throw new SwpError('conflict', 'worker/scratch-taken', `Process ${holder.pid} already works in ${layout.root}.`, {
        hint: 'Stop it first, or give this worker a directory of its own with SWP_SCRATCH.',
      });
    }
    await rm(path, { force: true });
  }
  throw new SwpError('conflict', 'worker/scratch-taken', `Another worker took ${layout.root} at the same moment.`, {
    hint: 'Start this one again with an SWP_SCRATCH of its own.',
  });
};
