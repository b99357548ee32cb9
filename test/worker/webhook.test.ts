import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommitSha, Digest } from '../../core/ids.js';
import { redactor } from '../../core/redact.js';
import { Secret } from '../../core/secret.js';
import type { Notification } from '../../contract/notification.js';
import { Webhook } from '../../worker/webhook.js';
import { Chat, status, type Answer } from './chat.js';

let chat: Chat;
afterEach(() => chat.close());
let warnings: string[];
const webhook = (url = chat.url): Webhook => {
  warnings = [];
  const address = new Secret(url);
  return new Webhook({
    url: address,
    redact: redactor([address]),
    warn: (message) => warnings.push(message),
    sleep: () => Promise.resolve(),
  });
};
const post = (notification: Notification, url?: string): Promise<void> => webhook(url).notify(notification, new AbortController().signal);
const PUBLISHED: Notification = { event: 'published', entry: 'acme/x', target: 'Acme/x-mtp', commit: CommitSha.parse('a'.repeat(40)) };

describe('a notification', () => {
  beforeEach(async () => {
    chat = await Chat.open();
  });

  it('about findings names the first, counts the rest and escapes channel mentions', async () => {
    const first = [{ entry: 'acme/x', target: 'acme/x-mtp', code: 'file-gone', message: '<!channel> is\nnot there.' }];
    await post({ event: 'findings', which: 'nightly', attention: 3, first });
    expect(chat.received).toEqual([
      'Re-validation, nightly: 3 findings.\n• acme/x-mtp: file-gone: &lt;!channel&gt; is not there.\nand 2 more\nAll of them: swp schedule show',
    ]);
  });

  it('about a campaign has its totals and the command that approves it', async () => {
    const totals = { changes: 2, unchanged: 996, blocked: 2, fetchBytes: 1, outputBytes: 4e9, diskBytes: 5e9 };
    await post({ event: 'campaign', id: '20261126-0930-1f2e', plan: Digest.parse(`sha256:${'ab'.repeat(32)}`), totals });
    expect(chat.received).toEqual([
      'Campaign 20261126-0930-1f2e waits for approval: 2 entries to publish (4.00 GB in total, at most 5.00 GB of disk per entry), 996 unchanged, 2 blocked. Read it: swp campaign show 20261126-0930-1f2e\nThen: swp campaign approve 20261126-0930-1f2e --plan ' +
        `sha256:${'ab'.repeat(32)}`,
    ]);
  });

  it('about a failed run names the reason', async () => {
    await post({ event: 'revalidation-failed', which: 'weekly', reason: '401: Invalid username' });
    expect(chat.received).toEqual([
      'Re-validation, weekly, failed: 401: Invalid username\nFix the cause, then: swp schedule trigger weekly',
    ]);
  });

  it('about a plan has the commands that show and approve it', async () => {
    await post({ event: 'awaiting-approval', entry: 'acme/x', plan: Digest.parse(`sha256:${'a1'.repeat(32)}`) });
    expect(chat.received).toEqual([
      `Plan ${'a1'.repeat(16)} of acme/x waits for approval. Read it: swp plan acme/x\nThen: swp approve acme/x --plan sha256:${'a1'.repeat(32)}`,
    ]);
  });

  it('escapes links and channel mentions', async () => {
    const problem = {
      step: 'uploading',
      code: 'hub/x',
      kind: 'conflict' as const,
      reason: '<!channel> & <http://images.invalid|click>\nnew line',
      hint: null,
    };
    await post({ event: 'needs-attention', entry: 'acme/x', workflow: 'target/acme/x', problem });
    expect(chat.received[0]).toContain('&lt;!channel&gt; &amp; &lt;http://images.invalid|click&gt; new line');
  });
});

describe('a webhook', () => {
  it.each<[string, Answer, object]>([
    ['that is busy', status(503), { kind: 'unavailable', code: 'webhook/unavailable' }],
    ['that requests a delay', status(429, { 'Retry-After': '7' }), { kind: 'unavailable', retryAfterMs: 7_000 }],
    ['that requests a delay until a time', status(429, { 'Retry-After': 'Fri, 01 Jan 2100 00:00:00 GMT' }), { retryAfterMs: 60_000 }],
    ['that cuts the connection', (response) => void response.destroy(), { kind: 'unavailable' }],
    ['that refuses for good', status(404), { kind: 'invalid', code: 'webhook/refused', message: 'The webhook answered 404.' }],
  ])('%s fails the attempt', async (_, answer, error) => {
    chat = await Chat.open(answer);
    await expect(post(PUBLISHED)).rejects.toMatchObject(error);
  });

  it.each([
    ['that refuses for good', [status(404)], 1, '404'],
    ['that stays unavailable', Array.from({ length: 6 }, () => status(500)), 6, '500'],
  ])('%s ends a background text with a warning that hides the address', async (_, answers, requests, answer) => {
    chat = await Chat.open(...answers);
    webhook().postInBackground('A call of the Hub has failed for an hour.');
    await expect.poll(() => warnings).toEqual([`The webhook did not accept a message: The webhook answered ${answer}.`]);
    expect(chat.requests).toBe(requests);
  });

  it('that cannot be reached is reported without its address', async () => {
    chat = await Chat.open();
    const failure = await post(PUBLISHED, 'http://127.0.0.1:9/services/T0/secret-path').catch(String);
    expect(failure).toContain('The webhook cannot be reached');
    expect(failure).not.toContain('secret-path');
  });
});
