import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Claims } from '../activities/scratch/claims.js';

const isOpen = async (client: Client, id: string): Promise<boolean> => {
  try {
    const { status } = await client.workflow.getHandle(id).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
};

/** Releases the scratch of publishes that ended while this host was off. */
export const sweepScratch = async (client: Client, claims: Claims): Promise<void> => {
  for (const claim of await claims.list()) {
    if (!(await isOpen(client, claim.holder))) await claims.release(claim.holder, claim.recipeDigest);
  }
};
