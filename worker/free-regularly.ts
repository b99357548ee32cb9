import { setInterval } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Claims } from '../publish/scratch/claims.js';
import { isOpenStatus } from '../contract/stages.js';
import { messageOf } from '../core/error.js';

/** Interval of the sweep, in milliseconds: the longest time that an unused build slot stays taken. */
const PERIOD_MS = 5 * 60_000;

/** Returns true if a workflow runs. */
export const isOpen = async (client: Client, id: string): Promise<boolean> => {
  try {
    const { status } = await client.workflow.getHandle(id).describe();
    return isOpenStatus(status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
};

export interface FreeOptions {
  readonly logger: Pick<Logger, 'warn'>;
  readonly stop: AbortSignal;
  readonly periodMs?: number;
}

/**
 * Frees the claims of ended publishes at regular intervals, until it is stopped. A publish frees its claims when it
 * ends, but not on a host that is unreachable then; and no publish knows of a claim whose answer was lost.
 */
export const freeRegularly = async (client: Client, claims: Claims, { logger, stop, periodMs = PERIOD_MS }: FreeOptions): Promise<void> => {
  try {
    for await (const _ of setInterval(periodMs, undefined, { signal: stop, ref: false })) {
      try {
        await claims.freeEnded((holder) => isOpen(client, holder));
      } catch (error) {
        logger.warn({ error: messageOf(error) }, 'cannot compare the claims on this host with the running publishes');
      }
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
};
