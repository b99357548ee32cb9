import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { CommitSha, Digest, RepoId } from '../../core/ids.js';
import { redactor } from '../../core/redact.js';
import { Secret } from '../../core/secret.js';
import { Webhook } from '../../worker/webhook.js';
import type { Notice } from '../../workflows/notices.js';
import { Workshop } from '../support/workshop.js';

type Answer = (response: ServerResponse) => void;
const ok: Answer = (response) => response.end('ok');
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end();

/** A chat that answers so, one after the other, and then takes everything. */
class Chat {
  readonly heard: string[] = [];
  requests = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(...answers: Answer[]): Promise<Chat> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        chat.requests += 1;
        const answer = answers.shift() ?? ok;
        if (answer === ok) chat.heard.push((JSON.parse(body) as { text: string }).text);
        answer(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const chat: Chat = new Chat(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/secret-path`);
    return chat;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let chat: Chat;
let warnings: string[];
afterEach(() => chat.close());
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
const published = (entry = 'acme/x'): Notice => ({
  what: 'published',
  entry,
  target: 'Acme/x-mtp',
  commit: CommitSha.parse('a'.repeat(40)),
});

it('a notice of findings names the first, counts the rest, and lets nothing in them call a channel', async () => {
  chat = await Chat.open();
  const first = [
    { entry: 'acme/x', target: RepoId.parse('acme/x-mtp'), code: 'file-gone' as const, path: 'a', message: '<!channel> is\nnot there.' },
  ];
  webhook().tell({ what: 'findings', which: 'nightly', attention: 3, first });
  await expect
    .poll(() => chat.heard)
    .toEqual([
      'Re-validation, nightly: 3 findings to attend to.\n• acme/x-mtp: file-gone: &lt;!channel&gt; is not there.\nand 2 more\nAll of them: swp schedule show',
    ]);
});

it('a notice of a campaign tells its totals, and the command that approves it', async () => {
  chat = await Chat.open();
  const totals = { changes: 2, unchanged: 996, blocked: 2, fetchBytes: 1, outputBytes: 4e9, diskBytes: 5e9 };
  webhook().tell({ what: 'campaign', id: '20261126-0930-1f2e', plan: Digest.parse(`sha256:${'ab'.repeat(32)}`), totals });
  await expect
    .poll(() => chat.heard)
    .toEqual([
      `Campaign 20261126-0930-1f2e waits for approval: 2 entries to publish (4.00 GB, at most 5.00 GB of disk at once for each), 996 unchanged, 2 blocked. Read it: swp campaign show 20261126-0930-1f2e\nThen: swp campaign approve 20261126-0930-1f2e --plan sha256:${'ab'.repeat(32)}`,
    ]);
});

it('a notice of a run that could not be done says why', async () => {
  chat = await Chat.open();
  webhook().tell({ what: 'revalidation-failed', which: 'weekly', reason: '401: Invalid username' });
  await expect
    .poll(() => chat.heard)
    .toEqual(['Re-validation, weekly, could not be done: 401: Invalid username\nMend that, then: swp schedule trigger weekly']);
});

describe('a webhook', () => {
  it('is told what waits, with the commands that answer it', async () => {
    chat = await Chat.open();
    webhook().tell({ what: 'awaiting-approval', entry: 'acme/x', plan: Digest.parse(`sha256:${'a1'.repeat(32)}`) });
    await expect
      .poll(() => chat.heard)
      .toEqual([
        `Plan ${'a1'.repeat(16)} of acme/x waits for approval. Read it: swp plan acme/x\nThen: swp approve acme/x --plan sha256:${'a1'.repeat(32)}`,
      ]);
  });

  it('hears nothing that its chat would take for a link or a call', async () => {
    chat = await Chat.open();
    const trouble = { step: 'uploading', code: 'hub/x', reason: '<!channel> & <http://images.invalid|click>\nnew line', hint: null };
    webhook().tell({ what: 'needs-attention', entry: 'acme/x', workflow: 'target/acme/x', trouble });
    await expect.poll(() => chat.heard[0]).toContain('&lt;!channel&gt; &amp; &lt;http://images.invalid|click&gt; new line');
  });

  it('that fails is told again until it takes it, in the order of the notices', async () => {
    chat = await Chat.open(status(503), status(429, { 'Retry-After': '0' }), (response) => void response.destroy());
    const told = webhook();
    told.tell(published('acme/one'));
    told.tell(published('acme/two'));
    await expect.poll(() => chat.heard.map((line) => line.slice(0, 8))).toEqual(['acme/one', 'acme/two']);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['that refuses for good', [status(404)], 1, 'it answered 404'],
    ['that stays away', Array.from({ length: 6 }, () => status(500)), 6, 'it answered 500'],
  ])('%s is given up, which is said without its address', async (_, answers, requests, why) => {
    chat = await Chat.open(...answers);
    webhook().tell(published());
    await expect.poll(() => warnings).toEqual([`The webhook did not take a notice: ${why}.`]);
    expect(chat.requests).toBe(requests);
  });

  it('that is not there is said without its address', async () => {
    chat = await Chat.open();
    webhook('http://127.0.0.1:9/services/T0/secret-path').tell(published());
    await expect.poll(() => warnings.length).toBe(1);
    expect(warnings[0]).not.toContain('secret-path');
  });

  it('that hangs drops what comes after the first hundred, and says so', async () => {
    chat = await Chat.open(() => undefined);
    const told = webhook();
    for (let count = 0; count < 102; count += 1) told.tell(published());
    expect(warnings).toEqual([
      'The webhook does not keep up; dropped: acme/x is published to Acme/x-mtp, commit aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.',
    ]);
  });
});

describe('a publish with a webhook', () => {
  let workshop: Workshop;
  afterEach(() => workshop.close());

  it('tells once each what waits, what is parked and what is published, and no token', async () => {
    chat = await Chat.open();
    workshop = await Workshop.open('webhook', { webhook: chat.url });
    let full = true;
    workshop.hub.on(({ operation }) =>
      full && operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Private storage quota exceeded"}' } : undefined,
    );
    await workshop.start(undefined, [], { reviewArtifacts: true });
    await workshop.approve();
    await workshop.untilTarget('awaiting-release');
    const target = workshop.targetHandle();
    const { release } = await target.query<{ release: { manifest: string } }>('target-status');
    await target.executeUpdate('decide', { args: [{ manifest: release.manifest, verdict: 'approve', reviewer: 'eve' }] });
    await workshop.untilTarget('needs-attention');
    full = false;
    await target.executeUpdate('resolve', { args: [{ action: 'retry' }] });
    await workshop.result();
    await expect
      .poll(() => chat.heard, { timeout: 10_000 })
      .toEqual([
        expect.stringContaining('waits for approval'),
        expect.stringContaining('waits for its release'),
        expect.stringContaining('is parked at committing: '),
        expect.stringContaining('is published to'),
      ]);
    expect(chat.heard.join()).not.toMatch(/hf_/);
  });

  it('does not wait for one that hangs', async () => {
    chat = await Chat.open(...Array.from({ length: 9 }, (): Answer => () => undefined));
    workshop = await Workshop.open('webhook', { webhook: chat.url });
    await workshop.start();
    await workshop.approve();
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });
});
