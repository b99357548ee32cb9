import { afterEach, describe, expect, it } from 'vitest';
import { TestEnvironment } from '../support/test-environment.js';
import { Chat } from './chat.js';

let chat: Chat;
afterEach(() => chat.close());

describe('a publish with a webhook', () => {
  let testEnvironment: TestEnvironment;
  afterEach(() => testEnvironment.close());

  it('sends one notification for each approval, release, pause and publication, without a token', async () => {
    chat = await Chat.open();
    testEnvironment = await TestEnvironment.open('webhook', { webhook: chat.url });
    let isQuotaExceeded = true;
    testEnvironment.hub.on(({ operation }) =>
      isQuotaExceeded && operation === 'commit'
        ? { kind: 'status', status: 403, body: '{"error":"Private storage quota exceeded"}' }
        : undefined,
    );
    await testEnvironment.start(undefined, [], { reviewArtifacts: true });
    await testEnvironment.approve();
    await testEnvironment.untilTarget('awaiting-release');
    const target = testEnvironment.targetHandle();
    const { release } = await target.query<{ release: { manifest: string } }>('target-status');
    await target.executeUpdate('decide', { args: [{ manifest: release.manifest, verdict: 'approve', reviewer: 'eve' }] });
    await testEnvironment.untilTarget('needs-attention');
    isQuotaExceeded = false;
    await target.executeUpdate('resolve', { args: [{ action: 'retry' }] });
    await testEnvironment.result();
    await expect
      .poll(() => chat.received, { timeout: 10_000 })
      .toEqual([
        expect.stringContaining('waits for approval'),
        expect.stringContaining('wait for release'),
        expect.stringContaining('is paused at committing: '),
        expect.stringContaining('is published to'),
      ]);
    expect(chat.received.join()).not.toMatch(/hf_/);
  });
});
