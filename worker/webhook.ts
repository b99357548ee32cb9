import { setTimeout as delay } from 'node:timers/promises';
import { Runtime } from '@temporalio/worker';
import type { Notification } from '../contract/notification.js';
import { messageOf, SwpError } from '../core/error.js';
import type { Redact } from '../core/redact.js';
import type { Secret } from '../core/secret.js';
import { sanitizeLine, plural } from '../core/text.js';
import { parseRetryAfter } from '../hub/rate-limit.js';
import { shortDigest } from '../plan/decision.js';
import { totalsText } from '../plan/render/campaign-markdown.js';
import { decideCommand } from '../plan/render/words.js';

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const ANSWER_MS = 10_000;

/** Escapes a text for Slack, where `<…>` is a link or notifies a whole channel. */
const escapeSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Formats a notification in a few lines, with the command that answers it. */
export const notificationText = (notification: Notification): string => {
  switch (notification.event) {
    case 'awaiting-approval': {
      const { entry, plan } = notification;
      return `Plan ${shortDigest(plan)} of ${entry} waits for approval. Read it: swp plan ${entry}\nThen: ${decideCommand('approve', entry, 'plan', plan)}`;
    }
    case 'awaiting-release': {
      const { entry, target, manifest } = notification;
      return `The sealed files for ${target} wait for release. Details: swp status ${entry}\nThen: ${decideCommand('approve', entry, 'manifest', manifest)}`;
    }
    case 'needs-attention': {
      const { entry, workflow, problem } = notification;
      const hint = problem.hint === null ? '' : `${sanitizeLine(problem.hint, 300)} `;
      return `${workflow} is paused at ${problem.step}: ${sanitizeLine(problem.reason, 500)}\n${hint}Then: swp retry ${entry}`;
    }
    case 'published':
      return `${notification.entry} is published to ${notification.target}, commit ${notification.commit}.`;
    case 'findings': {
      const first = notification.first.map(
        ({ entry, target, code, message }) => `• ${target ?? entry ?? 'catalog'}: ${code}: ${sanitizeLine(message, 200)}`,
      );
      const more = notification.attention - first.length;
      const lines = [...first, ...(more > 0 ? [`and ${more} more`] : [])];
      return `Re-validation, ${notification.which}: ${plural(notification.attention, 'finding')}.\n${lines.join('\n')}\nAll of them: swp schedule show`;
    }
    case 'campaign': {
      const { id, plan, totals } = notification;
      return `Campaign ${id} waits for approval: ${totalsText(totals)}. Read it: swp campaign show ${id}\nThen: swp campaign approve ${id} --plan ${plan}`;
    }
    case 'campaign-failed':
      return `Campaign ${notification.id} could not continue: ${sanitizeLine(notification.reason, 500)}\nIts publishes continue. Fix the cause, then start a campaign again: it joins them.`;
    case 'revalidation-failed':
      return `Re-validation, ${notification.which}, failed: ${sanitizeLine(notification.reason, 500)}\nFix the cause, then: swp schedule trigger ${notification.which}`;
  }
};

export interface WebhookOptions {
  /** The address, which is as secret as a password. */
  readonly url: Secret;
  /** Redacts the secrets of this process, and the address, in a text. */
  readonly redact: Redact;
  readonly warn: (message: string) => void;
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** Opens the webhook of a worker; returns null if none is set. */
export const openWebhook = (url: Secret | null, redact: Redact): Webhook | null =>
  url === null ? null : new Webhook({ url, redact, warn: (message) => Runtime.instance().logger.warn(message) });

/** The client of a chat that accepts the JSON of Slack's incoming webhooks. */
export class Webhook {
  constructor(private readonly options: WebhookOptions) {}

  /**
   * Posts a notification in one attempt.
   *
   * @throws SwpError `webhook/unavailable` if another attempt may help, else `webhook/refused`
   */
  notify(notification: Notification, signal: AbortSignal): Promise<void> {
    return this.post(notificationText(notification), signal);
  }

  /** Posts a text in the background. A text that the webhook does not accept after several attempts is logged and dropped. */
  postInBackground(text: string): void {
    void this.deliver(text);
  }

  private async deliver(text: string): Promise<void> {
    const { sleep = (milliseconds: number) => delay(milliseconds, undefined, { ref: false }), warn } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.post(text);
      } catch (error) {
        const again = error instanceof SwpError && error.transient && attempt < ATTEMPTS;
        if (!again) return warn(`The webhook did not accept a message: ${messageOf(error)}`);
        await sleep(error.retryAfterMs ?? Math.min(FIRST_WAIT_MS * 4 ** (attempt - 1), LONGEST_WAIT_MS));
      }
    }
  }

  /** Posts a text in one attempt. Errors of `fetch` contain only the host of the address; they are redacted nevertheless. */
  private async post(text: string, signal?: AbortSignal): Promise<void> {
    const { url, redact } = this.options;
    let response: Response;
    try {
      response = await fetch(url.reveal(), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ text: escapeSlack(redact(text)) }),
        redirect: 'error',
        signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(signal === undefined ? [] : [signal])]),
      });
      await response.body?.cancel();
    } catch (error) {
      signal?.throwIfAborted();
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new SwpError(
        'unavailable',
        'webhook/unavailable',
        `The webhook cannot be reached: ${sanitizeLine(redact(messageOf(cause)), 200)}.`,
      );
    }
    if (response.ok) return;
    const message = `The webhook answered ${response.status}.`;
    const waitMs = parseRetryAfter({ 'retry-after': response.headers.get('retry-after') ?? undefined }, Date.now());
    if (response.status === 429 || response.status >= 500)
      throw new SwpError(
        'unavailable',
        'webhook/unavailable',
        message,
        waitMs === null ? {} : { retryAfterMs: Math.min(waitMs, LONGEST_WAIT_MS) },
      );
    throw new SwpError('invalid', 'webhook/refused', message, { hint: 'Correct SWP_WEBHOOK of this worker, then restart it.' });
  }
}
