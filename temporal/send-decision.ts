import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import type { DecisionMessage, ReleaseMessage } from '../plan/decision.js';
import type { DecisionReply } from '../contract/messages.js';
import { decideUpdate, reviewSignal } from '../workflows/messages.js';
import type { Running } from './running.js';
import { sendUpdate } from './send-update.js';
import { unpolledControl, type UnpolledQueue } from './workers.js';

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
  | { readonly how: 'signalled'; readonly unpolled: UnpolledQueue | null };

/**
 * Sends a decision about one plan, or about the sealed files built from it, in one round. A repeated request counts once.
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
  const signal = async (unpolled: UnpolledQueue | null): Promise<Sent> => {
    await client.workflow.getHandle(id, runId).signal(reviewSignal, message);
    return { how: 'signalled', unpolled };
  };
  const ended = (): SwpError => new SwpError('not-found', 'publish/ended', 'This publish has ended. There is nothing to decide.');
  try {
    const unpolled = await unpolledControl(client, taskQueue);
    if (unpolled !== null) return await signal(unpolled);
    const updateId = decisionUpdateId(round, digest, message);
    const result = await sendUpdate(client, { id, runId }, decideUpdate, { args: [message], updateId, answerMs: ANSWER_MS });
    if ('reply' in result) return { how: 'answered', reply: result.reply };
    if (result.failed === 'refused')
      throw new SwpError('stale', 'publish/refused', result.reason, { hint: 'Read the plan again with `swp plan`.' });
    if (result.failed === 'ended') throw ended();
    return await signal(null);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw ended();
    throw error;
  }
};
