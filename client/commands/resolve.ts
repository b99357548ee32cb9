import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { resolveUpdate, type Resolution, type ResolutionReply } from '../../workflows/messages.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { neutralise } from '../output/neutralise.js';
import { withTemporal } from '../publish/connect.js';
import { readEvents } from '../publish/events.js';
import { readPublish, type Running } from '../publish/read.js';
import { stageOf } from '../publish/stage-text.js';
import { parkedIn } from '../publish/status.js';
import { readTargets, targetReposIn } from '../publish/targets.js';
import { noWorker, unpolledControl } from '../publish/workers.js';

const ANSWER_MS = 10_000;

/** What a person can do about a publish that is not parked. */
const notParked = (entry: string, publish: Running, targets: readonly Running[]): SwpError => {
  const stages = [...new Set([publish, ...targets].filter(({ status }) => status === 'RUNNING').map(stageOf))];
  if (publish.status !== 'RUNNING')
    return new SwpError('conflict', 'publish/ended', `The publish of ${entry} has ended already: ${stageOf(publish)}.`, {
      hint: `Start another with \`swp start ${entry}\`.`,
    });
  const asks = publish.stage === 'awaiting-approval';
  return new SwpError('conflict', 'publish/not-parked', `Nothing of ${entry} is parked: it is ${stages.join(', ')}.`, {
    hint: asks
      ? `Decide with \`swp approve ${entry}\` or \`swp reject ${entry}\`; end it with \`swp cancel ${entry}\`.`
      : `It goes on by itself: \`swp status ${entry}\`. End it with \`swp cancel ${entry}\`.`,
  });
};

const answer = async (client: Client, entry: string, { id, runId }: Running, resolution: Resolution): Promise<ResolutionReply> => {
  try {
    return await client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
      client.workflow.getHandle(id, runId).executeUpdate(resolveUpdate, { args: [resolution] }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new SwpError('conflict', 'publish/refused', `${id}: ${error.cause?.message ?? error.message}`, { hint: `swp status ${entry}` });
    if (error instanceof WorkflowNotFoundError)
      throw new SwpError('conflict', 'publish/ended', `${id} has ended meanwhile.`, { hint: `swp status ${entry}` });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw noWorker(`No worker answered for ${id} within ${ANSWER_MS / 1000} s.`, null);
    throw error;
  }
};

/** Finds what is parked of a publish, itself or the children of its targets, and answers all of it. */
export const resolve = async (
  options: { readonly entry: string; readonly action: Resolution['action']; readonly note?: string },
  context: Context,
): Promise<ExitCode> => {
  const entry = await entryName(context, options.entry);
  const { action, note } = options;
  return withTemporal(context, async ({ client }) => {
    const publish = await readPublish(client, entry);
    const events = await readEvents(client, publish.id, publish.runId);
    const targets = await readTargets(client, publish, targetReposIn(events));
    const parked = parkedIn({ publish, targets });
    if (parked.length === 0) throw notParked(entry, publish, targets);
    const missing = await unpolledControl(client, publish.taskQueue);
    if (missing !== null) throw noWorker(`${entry} cannot be told to ${action}.`, missing);
    const replies: (ResolutionReply & { readonly workflow: string })[] = [];
    try {
      for (const running of parked)
        replies.push({
          workflow: running.id,
          ...(await answer(client, entry, running, { action, ...(note === undefined ? {} : { note }) })),
        });
    } finally {
      // What was answered goes on, whatever became of the rest.
      if (replies.length > 0)
        context.out.data(replies, () => neutralise(replies.map(({ workflow, step }) => `${workflow}: ${action} at ${step}`).join('\n')));
    }
    return EXIT.ok;
  });
};
