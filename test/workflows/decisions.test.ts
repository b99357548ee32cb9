import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { shortDigest } from '../../plan/decision.js';
import { Workshop } from '../support/workshop.js';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open('decide');
});
beforeEach(() => workshop.renew());
afterAll(() => workshop.close());

const start = () => workshop.start();
const handle = () => workshop.handle();

describe('a plan that waits', () => {
  it('is published once it is approved by the signal', async () => {
    await start();
    const plan = await workshop.planOf();
    await handle().signal('review', { plan: shortDigest(plan.digest), verdict: 'approve', reviewer: 'ada' });
    const result = await workshop.result();
    expect(result).toMatchObject({
      outcome: 'published',
      rounds: 1,
      artifacts: [{ kind: 'mtp', result: { outcome: 'published', receipt: { reviewer: 'ada', plan: plan.digest, verifiedFiles: 5 } } }],
    });
    expect(await workshop.ourCommits()).toBe(1);
    await workshop.keep('published-by-signal', ['publish', 'target']);
  });

  it('ignores malformed signals and says why in its status', async () => {
    await start();
    const plan = await workshop.planOf();
    for (const nonsense of ['yes', null, { plan: 'zzz' }, { plan: plan.digest, verdict: 'approve' }])
      await handle().signal('review', nonsense);
    const status = await handle().query<{ approval: { state: string; refusals: string[] } }>('status');
    expect(status.approval).toMatchObject({ state: 'open' });
    expect(status.approval.refusals).toHaveLength(4);
    expect(await workshop.hub.admin.exists(workshop.target)).toBe(false);
  });

  it('refuses another digest by the update and goes on waiting', async () => {
    await start();
    const plan = await workshop.planOf();
    const wrong = handle().executeUpdate('decide', { args: [{ plan: 'f'.repeat(64), verdict: 'approve', reviewer: 'ada' }] });
    await expect(wrong).rejects.toThrow(WorkflowUpdateFailedError);
    await expect(wrong).rejects.toMatchObject({
      cause: { type: 'DecisionRefused', message: expect.stringContaining(shortDigest(plan.digest)) },
    });
    await workshop.approve();
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });

  it('takes the same update twice as one decision', async () => {
    await start();
    const plan = await workshop.planOf();
    const send = (updateId: string) =>
      handle().executeUpdate('decide', { updateId, args: [{ plan: plan.digest, verdict: 'approve', reviewer: 'ada' }] });
    const [first, second] = await Promise.all([send('one'), send('two')]);
    expect(new Set([first, second].map((reply) => (reply as { accepted: string }).accepted))).toEqual(new Set(['now', 'before']));
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
  });

  it('ends rejected by the first reject and leaves no repository behind', async () => {
    await start();
    const plan = await workshop.planOf();
    await handle().executeUpdate('decide', { args: [{ plan: plan.digest, verdict: 'reject', reviewer: 'bob', note: 'wrong name' }] });
    expect(await workshop.result()).toMatchObject({
      outcome: 'rejected',
      artifacts: [{ result: { reason: 'bob rejected it: wrong name' } }],
    });
    await workshop.keep('rejected');
    expect(await workshop.hub.admin.exists(workshop.target)).toBe(false);
  });

  it('expires when nobody decides in time', async () => {
    const hasty = await Workshop.open('hasty', { decideWithinMs: 300 });
    onTestFinished(() => hasty.close());
    await hasty.start();
    expect(await hasty.result()).toMatchObject({ outcome: 'expired' });
    await hasty.keep('expired');
    expect(await hasty.hub.admin.exists(hasty.target)).toBe(false);
  });
});
