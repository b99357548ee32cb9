import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { resolveUpdate, type Resolution, type ResolutionReply } from '../contract/messages.js';
import { SwpError } from '../core/error.js';
import type { Running } from './running.js';
import { noWorker } from './workers.js';

type WorkflowRun = Pick<Running, 'id' | 'runId'>;

const ANSWER_MS = 10_000;

/**
 * Sends a resolution to a paused workflow of an entry, or moves its step to another host.
 *
 * @throws SwpError `publish/refused` with the workflow's reason, `publish/ended`, `publish/no-worker`
 */
export const sendResolution = async (
  client: Client,
  entry: string,
  { id, runId }: WorkflowRun,
  resolution: Resolution,
): Promise<ResolutionReply> => {
  const hint = `swp status ${entry}`;
  try {
    return await client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
      client.workflow.getHandle(id, runId).executeUpdate(resolveUpdate, { args: [resolution] }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new SwpError('conflict', 'publish/refused', `${id}: ${error.cause?.message ?? error.message}`, { hint });
    if (error instanceof WorkflowNotFoundError)
      throw new SwpError('conflict', 'publish/ended', `${id} has ended in the meantime.`, { hint });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw noWorker(`No worker answered for ${id} within ${ANSWER_MS / 1000} s.`, null);
    throw error;
  }
};

/** Requests the cancellation of a workflow. */
export const requestCancel = async (client: Client, { id, runId }: WorkflowRun): Promise<void> => {
  await client.workflow.getHandle(id, runId).cancel();
};
