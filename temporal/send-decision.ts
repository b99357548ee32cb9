import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import type { DecisionMessage, ReleaseMessage } from '../plan/decision.js';
import { decideUpdate, reviewSignal, type DecisionReply } from '../contract/messages.js';
import type { Running } from './running.js';
import { unpolledControl, type Unpolled } from './workers.js';

/** Timeout of an update, which only a running worker answers. The decision is then sent as a signal, which waits. */
const ANSWER_MS = 8_000;

/** The id of an update: a repeated click is one decision, and no decision of an earlier round counts for a later one. */
export const decisionUpdateId = (
  round: number,
  digest: Digest,
  { reviewer, verdict }: Pick<DecisionMessage, 'reviewer' | 'verdict'>,
): string => `${round}:${digest}:${reviewer}:${verdict}`;

export type Sent =
  | { readonly how: 'answered'; readonly reply: DecisionReply }
  | { readonly how: 'left'; readonly missing: Unpolled | null };

/**
 * Sends a decision about one plan, or about the files sealed under it, in one round. A repeated request counts once.
 *
 * @throws SwpError `publish/refused` with the workflow's reason
 */
export const sendDecision = async (
  client: Client,
  { id, runId, taskQueue }: Pick<Running, 'id' | 'runId' | 'taskQueue'>,
  round: number,
  digest: Digest,
  message: DecisionMessage | ReleaseMessage,
): Promise<Sent> => {
  const handle = client.workflow.getHandle(id, runId);
  const missing = await unpolledControl(client, taskQueue);
  try {
    if (missing !== null) {
      await handle.signal(reviewSignal, message);
      return { how: 'left', missing };
    }
    const reply = await client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
      handle.executeUpdate(decideUpdate, { args: [message], updateId: decisionUpdateId(round, digest, message) }),
    );
    return { how: 'answered', reply };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new SwpError('stale', 'publish/refused', error.cause?.message ?? error.message, {
        hint: 'Read the plan again with `swp plan`.',
      });
    if (error instanceof WorkflowNotFoundError)
      throw new SwpError('not-found', 'publish/ended', 'This publish has ended. There is nothing to decide.');
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    await handle.signal(reviewSignal, message);
    return { how: 'left', missing: null };
  }
};
