import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Claims } from '../activities/scratch/claims.js';
import type { SharedInputs } from '../activities/scratch/shared.js';

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
 * Releases the scratch of publishes that ended while this host was off, and deletes shared inputs that nobody has
 * used for so many milliseconds.
 */
export const sweepScratch = async (client: Client, claims: Claims, shared: SharedInputs, keepMs: number): Promise<void> => {
  for (const claim of await claims.list()) {
    if (!(await isOpen(client, claim.holder))) await claims.release(claim.holder, claim.recipeDigest);
  }
  const holders = new Set((await shared.list()).flatMap((input) => input.holders));
  for (const holder of holders) if (!(await isOpen(client, holder))) await shared.release(holder);
  await shared.removeUnused(Date.now() - keepMs);
};
