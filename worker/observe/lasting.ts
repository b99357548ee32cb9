import { Context } from '@temporalio/activity';
import type { HubConfig } from '../../hub/config.js';
import { LASTING_MS } from '../../hub/retry.js';
import { formatSeconds } from '../../core/text.js';
import type { Webhook } from '../webhook.js';

const AGAIN_MS = 24 * 3_600_000;

/** Tells people of a step whose call of the Hub has failed for an hour, and again each day: nothing is tried unseen for days. */
export const tellLasting = (webhook: Pick<Webhook, 'say'>, now: () => number = Date.now): NonNullable<HubConfig['onRetry']> => {
  const toldAt = new Map<string, number>();
  return (error, _waitMs, failingMs) => {
    if (failingMs < LASTING_MS) return;
    const { activityType, workflowExecution } = Context.current().info;
    const step = `${activityType} of ${workflowExecution?.workflowId ?? 'no workflow'}`;
    const at = now();
    for (const [other, told] of toldAt) if (at - told >= AGAIN_MS) toldAt.delete(other);
    if (toldAt.has(step)) return;
    toldAt.set(step, at);
    webhook.say(
      `${step} has failed at the Hub for ${formatSeconds(Math.floor(failingMs / 1000))}: ${error.message}\nIt is tried again for as long as it takes. Look: swp status`,
    );
  };
};
