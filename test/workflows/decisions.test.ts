import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { shortDigest } from '../../plan/decision.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('decide');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const start = () => testEnvironment.start();
const handle = () => testEnvironment.handle();

describe('a plan that awaits approval', () => {
  it('is published after an approval by signal', async () => {
    await start();
    const plan = await testEnvironment.planOf();
    await handle().signal('review', { plan: shortDigest(plan.digest), verdict: 'approve', reviewer: 'ada' });
    const result = await testEnvironment.result();
    expect(result).toMatchObject({
      outcome: 'published',
      rounds: 1,
      artifacts: [{ kind: 'mtp', result: { outcome: 'published', receipt: { reviewer: 'ada', plan: plan.digest, verifiedFiles: 5 } } }],
    });
    expect(await testEnvironment.ourCommits()).toBe(1);
    await testEnvironment.keep('published-by-signal', ['publish', 'target']);
  });

  it('ignores malformed signals and lists them as refusals in its status', async () => {
    await start();
    const plan = await testEnvironment.planOf();
    for (const nonsense of ['yes', null, { plan: 'zzz' }, { plan: plan.digest, verdict: 'approve' }])
      await handle().signal('review', nonsense);
    const status = await handle().query<{ approval: { state: string; refusals: string[] } }>('status');
    expect(status.approval).toMatchObject({ state: 'open' });
    expect(status.approval.refusals).toHaveLength(4);
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
  });

  it('refuses an update with another digest and can still be approved', async () => {
    await start();
    const plan = await testEnvironment.planOf();
    const wrong = handle().executeUpdate('decide', { args: [{ plan: 'f'.repeat(64), verdict: 'approve', reviewer: 'ada' }] });
    await expect(wrong).rejects.toThrow(WorkflowUpdateFailedError);
    await expect(wrong).rejects.toMatchObject({
      cause: { type: 'DecisionRefused', message: expect.stringContaining(shortDigest(plan.digest)) },
    });
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('counts the same approval twice as one decision', async () => {
    await start();
    const plan = await testEnvironment.planOf();
    const send = (updateId: string) =>
      handle().executeUpdate('decide', { updateId, args: [{ plan: plan.digest, verdict: 'approve', reviewer: 'ada' }] });
    const [first, second] = await Promise.all([send('one'), send('two')]);
    expect(new Set([first, second].map((reply) => (reply as { accepted: string }).accepted))).toEqual(new Set(['now', 'before']));
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(await testEnvironment.ourCommits()).toBe(1);
  });

  it('ends rejected after the first reject and creates no repository', async () => {
    await start();
    const plan = await testEnvironment.planOf();
    await handle().executeUpdate('decide', { args: [{ plan: plan.digest, verdict: 'reject', reviewer: 'bob', note: 'wrong name' }] });
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'rejected',
      artifacts: [{ result: { reason: 'bob rejected it: wrong name' } }],
    });
    await testEnvironment.keep('rejected');
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
  });

  it('expires when no decision arrives in time', async () => {
    const hasty = await TestEnvironment.open('hasty', { decideWithinMs: 300 });
    onTestFinished(() => hasty.close());
    await hasty.start();
    expect(await hasty.result()).toMatchObject({ outcome: 'expired' });
    await hasty.keep('expired');
    expect(await hasty.hub.admin.exists(hasty.target)).toBe(false);
  });
});
