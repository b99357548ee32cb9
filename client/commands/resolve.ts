import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { resolveUpdate } from '../../workflows/messages.js';
import { targetId } from '../../workflows/names.js';
import { entryName } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withTemporal } from '../publish/connect.js';
import { newestPlan } from '../publish/plan-history.js';
import { readPublish, readRunning, type Running } from '../publish/read.js';

const ANSWER_MS = 10_000;

/** Finds what is parked of a publish, itself or the children of its targets, and answers it. */
export const resolve = async (
  options: { readonly entry: string; readonly action: 'retry' | 'move' | 'abandon'; readonly note?: string },
  context: Context,
): Promise<ExitCode> => {
  const entry = await entryName(context, options.entry);
  const { action, note } = options;
  return withTemporal(context, async ({ client, connection }) => {
    const publish = await readPublish(client, entry);
    const plan = await newestPlan(client, publish.id, publish.runId);
    const targets = await Promise.all((plan?.artifacts ?? []).map((artifact) => readRunning(client, targetId(artifact.target.repo))));
    const parked = [publish, ...targets].filter(
      (running): running is Running => running !== null && running.status === 'RUNNING' && running.stage === 'needs-attention',
    );
    if (parked.length === 0)
      throw new SwpError('conflict', 'publish/not-parked', `Nothing of ${entry} is parked (${publish.stage ?? publish.status}).`, {
        hint: `swp status ${entry}`,
      });
    for (const { id } of parked) {
      try {
        const reply = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
          client.workflow.getHandle(id).executeUpdate(resolveUpdate, { args: [{ action, ...(note === undefined ? {} : { note }) }] }),
        );
        context.out.data({ workflow: id, ...reply }, () => `${id}: ${action} at ${reply.step}`);
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError)
          throw new SwpError('conflict', 'publish/refused', error.cause?.message ?? error.message);
        if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
          throw new SwpError('unavailable', 'publish/no-worker', 'No worker answered.', {
            hint: 'Start one with `swp worker control`, then say it again.',
          });
        throw error;
      }
    }
    return EXIT.ok;
  });
};
