import { setInterval } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { freeDiskAt } from '../publish/scratch/capacity.js';
import type { Claims } from '../publish/scratch/claims.js';
import type { ScratchParts } from '../publish/scratch/scratch-parts.js';
import { isOpenStatus } from '../contract/stages.js';
import { messageOf } from '../core/error.js';

/** Interval of the sweep, in milliseconds: the longest time that an unused build slot stays taken. */
const PERIOD_MS = 5 * 60_000;

const isOpen = async (client: Client, id: string): Promise<boolean> => {
  try {
    const { status } = await client.workflow.getHandle(id).describe();
    return isOpenStatus(status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
};

/**
 * Frees the scratch of publishes that ended while this host was off, and discards shared inputs that have not been used
 * for `keepMs` milliseconds. Deletes everything that was discarded, now or before a crash, in the background.
 */
export const sweepScratch = async (
  client: Client,
  { machine, layout, claims, shared, trash }: ScratchParts,
  keepMs: number,
): Promise<void> => {
  await claims.freeEnded((holder) => isOpen(client, holder));
  // On a full disk nothing can be written before something is deleted.
  if ((await freeDiskAt(machine.files, layout.root)) === 0) await trash.empty();
  const holders = new Set((await shared.list()).flatMap((input) => input.holders));
  for (const holder of holders) if (!(await isOpen(client, holder))) await shared.free(holder);
  await shared.removeUnused(machine.clock.now() - keepMs);
  trash.emptyInBackground();
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
