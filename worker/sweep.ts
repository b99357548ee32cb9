import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { ScratchParts } from '../activities/scratch/parts.js';

const isOpen = async (client: Client, id: string): Promise<boolean> => {
  try {
    const { status } = await client.workflow.getHandle(id).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
};

/**
 * Releases the scratch of publishes that ended while this host was off, and discards shared inputs that have not been
 * used for so many milliseconds. What is discarded, now or before a crash, is deleted in the background.
 */
export const sweepScratch = async (client: Client, { claims, shared, trash }: ScratchParts, keepMs: number): Promise<void> => {
  for (const claim of await claims.list()) {
    if (!(await isOpen(client, claim.holder))) await claims.release(claim.holder, claim.recipeDigest);
  }
  // On a full disk nothing can be noted before something is deleted.
  if ((await claims.freeDisk()) === 0) await trash.empty();
  const holders = new Set((await shared.list()).flatMap((input) => input.holders));
  for (const holder of holders) if (!(await isOpen(client, holder))) await shared.release(holder);
  await shared.removeUnused(Date.now() - keepMs);
  trash.emptyInBackground();
};
