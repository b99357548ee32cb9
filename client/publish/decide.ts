import { userInfo } from 'node:os';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import type { Digest } from '../../core/ids.js';
import type { DecisionMessage } from '../../plan/decision.js';
import { decideUpdate, reviewSignal, type DecisionReply } from '../../workflows/messages.js';

/** With no worker up an update is not answered; the decision is then left as a signal, which waits. */
const ANSWER_MS = 8_000;

export type Sent = { readonly how: 'answered'; readonly reply: DecisionReply } | { readonly how: 'left' };

/** Who decides, when nothing else is said: a claim, not a proof. */
export const localReviewer = (env: NodeJS.ProcessEnv): string => {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? 'unknown';
  }
};

/**
 * Sends a decision for one plan in one round. A repeated click is one decision.
 *
 * @throws SwpError `publish/refused` with the workflow's reason
 */
export const sendDecision = async (
  client: Client,
  workflowId: string,
  round: number,
  digest: Digest,
  message: DecisionMessage,
): Promise<Sent> => {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const reply = await client.connection.withDeadline(Date.now() + ANSWER_MS, () =>
      handle.executeUpdate(decideUpdate, { args: [message], updateId: `${round}:${digest}:${message.reviewer}:${message.verdict}` }),
    );
    return { how: 'answered', reply };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new SwpError('stale', 'publish/refused', error.cause?.message ?? error.message, {
        hint: 'Read the plan again with `swp plan`.',
      });
    if (error instanceof WorkflowNotFoundError)
      throw new SwpError('not-found', 'publish/ended', 'This publish has ended: there is nothing to decide.');
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    await handle.signal(reviewSignal, message);
    return { how: 'left' };
  }
};
