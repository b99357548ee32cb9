import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { targetId } from '../../contract/names.js';
import { freeze } from '../support/freeze.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('faults');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const resolve = (action: string, id = targetId(testEnvironment.target)) =>
  testEnvironment.temporal.client.workflow.getHandle(id).executeUpdate('resolve', { args: [{ action }] });

describe('a permanent fault', () => {
  it('pauses with the message of the Hub and continues after a retry', async () => {
    const stop = testEnvironment.hub.on(({ operation }) =>
      operation === 'lfs-batch'
        ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Private storage quota exceeded' }) }
        : undefined,
    );
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    const status = await testEnvironment.temporal.client.workflow
      .getHandle(targetId(testEnvironment.target))
      .query<{ problem: { code: string; reason: string; hint: string } }>('target-status');
    expect(status.problem).toMatchObject({
      code: 'hub/quota',
      reason: expect.stringContaining('Private storage quota exceeded'),
      hint: expect.stringContaining('retry'),
    });
    stop();
    await resolve('retry');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    await testEnvironment.keep('retried', ['target']);
  });
});

describe('a cancel', () => {
  it('before the commit leaves no commit and cancels the target workflow', async () => {
    const { thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'lfs-batch', 'hold');
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.untilTarget('uploading');
    await testEnvironment.handle().cancel();
    await expect(testEnvironment.result()).rejects.toThrow();
    thaw();
    expect(await testEnvironment.ourCommits()).toBe(0);
    const target = await testEnvironment.temporal.client.workflow.getHandle(targetId(testEnvironment.target)).describe();
    expect(target.status.name).toBe('CANCELLED');
    await testEnvironment.keep('cancelled', ['publish', 'target']);
  });

  it('after the commit was sent comes too late, and the receipt says so', async () => {
    const { reached, thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'commit', 'hold-after');
    await testEnvironment.start();
    await testEnvironment.approve();
    await reached;
    await testEnvironment.handle().cancel();
    thaw();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { cameTooLate: 'cancel' } } }],
    });
    await testEnvironment.keep('cancelled-late', ['publish', 'target']);
    expect(await testEnvironment.ourCommits()).toBe(1);
  });
});
