import type { Client } from '@temporalio/client';
import type { Resolution, ResolutionReply } from '../contract/messages.js';
import { resolveUpdate } from '../workflows/messages.js';
import { SwpError } from '../core/error.js';
import type { Running } from './running.js';
import { sendUpdate } from './send-update.js';
import { noWorker } from './workers.js';

type WorkflowRun = Pick<Running, 'id' | 'runId'>;

const ANSWER_MS = 10_000;

/**
 * Sends a resolution to a paused workflow of an entry, or moves its step to another host.
 *
 * @throws SwpError `publish/refused` with the workflow's reason, `publish/ended`, `publish/no-worker`
 */
export const sendResolution = async (client: Client, entry: string, run: WorkflowRun, resolution: Resolution): Promise<ResolutionReply> => {
  const hint = `swp status ${entry}`;
  const result = await sendUpdate(client, run, resolveUpdate, { args: [resolution], answerMs: ANSWER_MS });
  if ('reply' in result) return result.reply;
  if (result.failed === 'refused') throw new SwpError('conflict', 'publish/refused', `${run.id}: ${result.reason}`, { hint });
  if (result.failed === 'ended') throw new SwpError('conflict', 'publish/ended', `${run.id} has ended in the meantime.`, { hint });
  throw noWorker(`No worker answered for ${run.id} within ${ANSWER_MS / 1000} s.`, null);
};

/** Requests the cancellation of a workflow. */
export const requestCancel = async (client: Client, { id, runId }: WorkflowRun): Promise<void> => {
  await client.workflow.getHandle(id, runId).cancel();
};
