import { setTimeout as delay } from 'node:timers/promises';
import { Runtime } from '@temporalio/worker';
import { messageOf } from '../core/error.js';
import { oneLine, plural } from '../core/text.js';
import type { Redact } from '../core/redact.js';
import type { Secret } from '../core/secret.js';
import { shortDigest } from '../plan/decision.js';
import { totalsText } from '../plan/render/campaign-markdown.js';
import { decideCommand } from '../plan/render/words.js';
import type { Notice } from '../workflows/notices.js';

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const ANSWER_MS = 10_000;
/** While the other side is away; what comes then is dropped, and said. */
const MOST_WAITING = 100;

/** `<…>` would be a link or a call to a whole channel there. */
const escapeSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A notice in one or two lines, with the command that answers it. */
export const noticeText = (notice: Notice): string => {
  switch (notice.what) {
    case 'awaiting-approval': {
      const { entry } = notice;
      return `Plan ${shortDigest(notice.plan)} of ${entry} waits for approval. Read it: swp plan ${entry}\nThen: ${decideCommand('approve', entry, 'plan', notice.plan)}`;
    }
    case 'awaiting-release': {
      const { entry } = notice;
      return `What was sealed for ${notice.target} waits for its release. Look: swp status ${entry}\nThen: ${decideCommand('approve', entry, 'manifest', notice.manifest)}`;
    }
    case 'needs-attention': {
      const { step, reason, hint } = notice.trouble;
      return `${notice.workflow} is parked at ${step}: ${oneLine(reason, 500)}\n${hint === null ? '' : `${oneLine(hint, 300)} `}Then: swp retry ${notice.entry}`;
    }
    case 'published':
      return `${notice.entry} is published to ${notice.target}, commit ${notice.commit}.`;
    case 'findings': {
      const first = notice.first.map(
        ({ entry, target, code, message }) => `• ${target ?? entry ?? 'catalog'}: ${code}: ${oneLine(message, 200)}`,
      );
      const more = notice.attention - first.length;
      const lines = [...first, ...(more > 0 ? [`and ${more} more`] : [])];
      return `Re-validation, ${notice.which}: ${plural(notice.attention, 'finding')} to attend to.\n${lines.join('\n')}\nAll of them: swp schedule show`;
    }
    case 'campaign': {
      const { id, plan, totals } = notice;
      return `Campaign ${id} waits for approval: ${totalsText(totals)}. Read it: swp campaign show ${id}\nThen: swp campaign approve ${id} --plan ${plan}`;
    }
    case 'campaign-failed':
      return `Campaign ${notice.id} could not go on: ${oneLine(notice.reason, 500)}\nIts publishes go on, and wait for whom they wait. Mend that, then start a campaign anew: it joins them.`;
    case 'revalidation-failed':
      return `Re-validation, ${notice.which}, could not be done: ${oneLine(notice.reason, 500)}\nMend that, then: swp schedule trigger ${notice.which}`;
  }
};

export interface WebhookOptions {
  /** The address, which is as good as a password. */
  readonly url: Secret;
  /** Takes the secrets of this process, and the address, out of a text. */
  readonly redact: Redact;
  readonly warn: (message: string) => void;
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** The webhook of a worker; null where none is set. */
export const openWebhook = (url: Secret | null, redact: Redact): Webhook | null =>
  url === null ? null : new Webhook({ url, redact, warn: (message) => Runtime.instance().logger.warn(message) });

/** Tells a chat of notices, in JSON that Slack's incoming webhooks take. Nothing waits for it, and what fails is only said. */
export class Webhook {
  private readonly waiting: string[] = [];
  private working = false;

  constructor(private readonly options: WebhookOptions) {}

  tell(notice: Notice): void {
    this.say(noticeText(notice));
  }

  /** Takes a text and returns at once. */
  say(text: string): void {
    const clean = this.options.redact(text);
    if (this.waiting.length >= MOST_WAITING) return this.options.warn(`The webhook does not keep up; dropped: ${oneLine(clean, 100)}`);
    this.waiting.push(JSON.stringify({ text: escapeSlack(clean) }));
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let body = this.waiting.shift(); body !== undefined; body = this.waiting.shift()) await this.deliver(body);
    this.working = false;
  }

  private async deliver(body: string): Promise<void> {
    const { sleep = (milliseconds: number) => delay(milliseconds, undefined, { ref: false }), warn } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.post(body);
      if (outcome === 'taken') return;
      if (!outcome.again || attempt === ATTEMPTS) return warn(`The webhook did not take a notice: ${outcome.why}.`);
      await sleep(outcome.waitMs ?? Math.min(FIRST_WAIT_MS * 4 ** (attempt - 1), LONGEST_WAIT_MS));
    }
  }

  /** Errors of `fetch` name no address but the host's; what they say is cut all the same. */
  private async post(body: string): Promise<'taken' | { readonly why: string; readonly again: boolean; readonly waitMs?: number }> {
    try {
      const response = await fetch(this.options.url.reveal(), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      await response.body?.cancel();
      if (response.ok) return 'taken';
      const seconds = Number(response.headers.get('retry-after') ?? NaN);
      const waitMs = Number.isFinite(seconds) ? { waitMs: Math.min(Math.max(seconds, 0) * 1000, LONGEST_WAIT_MS) } : {};
      return { why: `it answered ${response.status}`, again: response.status === 429 || response.status >= 500, ...waitMs };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { why: oneLine(this.options.redact(messageOf(cause)), 200), again: true };
    }
  }
}
