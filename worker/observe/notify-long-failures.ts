import { Context } from '@temporalio/activity';
import type { OnRetry } from '../../hub/hub.js';
import { LONG_FAILURE_MS } from '../../hub/retry.js';
import { formatSeconds } from '../../core/text.js';
import type { Webhook } from '../webhook.js';

const REPEAT_MS = 24 * 3_600_000;

/**
 * Posts to the webhook when a Hub call of a step has failed for an hour, then once a day: no step retries unnoticed for
 * days.
 */
export const notifyLongFailures = (webhook: Pick<Webhook, 'postInBackground'>, now: () => number = Date.now): OnRetry => {
  const reportedAt = new Map<string, number>();
  return (error, _waitMs, failingMs) => {
    if (failingMs < LONG_FAILURE_MS) return;
    const { activityType, workflowExecution } = Context.current().info;
    const step = `${activityType} of ${workflowExecution?.workflowId ?? 'no workflow'}`;
    const at = now();
    for (const [other, then] of reportedAt) if (at - then >= REPEAT_MS) reportedAt.delete(other);
    if (reportedAt.has(step)) return;
    reportedAt.set(step, at);
    webhook.postInBackground(
      `${step} has been failing at the Hub for ${formatSeconds(Math.floor(failingMs / 1000))}: ${error.message}\nSWP keeps retrying. Details: swp status`,
    );
  };
};
