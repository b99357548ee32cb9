import { afterEach, describe, expect, it } from 'vitest';
import { Workshop } from '../support/workshop.js';
import { Chat } from './chat.js';

let chat: Chat;
afterEach(() => chat.close());

describe('a publish with a webhook', () => {
  let workshop: Workshop;
  afterEach(() => workshop.close());

  it('is told once each what waits, what is paused and what is published, and no token', async () => {
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
        expect.stringContaining('is paused at committing: '),
        expect.stringContaining('is published to'),
      ]);
    expect(chat.heard.join()).not.toMatch(/hf_/);
  });
});
