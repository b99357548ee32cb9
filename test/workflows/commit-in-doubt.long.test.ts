import { describe, expect, it } from 'vitest';
import { scriptFaults } from '../../dev/hub/index.js';
import { NAMED_FAULTS } from '../../dev/hub/named-faults.js';
import { faultCommit, pauseInDoubt, startApproved, useCommitsInDoubt } from '../support/commit-in-doubt.js';

const { testEnvironment, resolve, head, stepsOfTarget } = useCommitsInDoubt('more-doubt');

describe('a commit that was applied and answered with an error', () => {
  it.each(['commit-401-applied', 'commit-308-applied', 'commit-525-applied'])('ends published without help after %s', async (name) => {
    const { operation, fault } = NAMED_FAULTS.get(name)!;
    testEnvironment().hub.on(scriptFaults([{ operation, fault: fault(0) }]).intercept);
    await startApproved(testEnvironment());
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head() } } }],
    });
    expect(await testEnvironment().ourCommits()).toBe(1);
  });
});

describe('abandoning a commit in doubt', () => {
  it('comes too late when another commit is on top of ours', async () => {
    const { show } = await pauseInDoubt(testEnvironment());
    const ours = await head();
    await testEnvironment().hub.admin.commitFiles(testEnvironment().target, new Map([['notes.txt', Buffer.from('x')]]), {
      message: 'Somebody else',
    });
    show();
    await resolve('abandon');
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: ours } } }],
    });
  });

  it('names the head that it saw when the commit was refused', async () => {
    testEnvironment().hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await startApproved(testEnvironment());
    await testEnvironment().untilTarget('needs-attention');
    await resolve('abandon');
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { commit: 'none', reason: expect.stringContaining(`its head is still ${await head()}`) } }],
    });
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
    expect(await testEnvironment().ourCommits()).toBe(0);
    await testEnvironment().keep('abandoned', ['publish', 'target']);
  });

  it('looks nothing up when no commit was sent', async () => {
    await testEnvironment().start();
    await testEnvironment().planOf();
    testEnvironment().hub.on(({ operation }) =>
      operation === 'validate-yaml' ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: 'no' }] }) } : undefined,
    );
    await testEnvironment().approve();
    await testEnvironment().untilTarget('needs-attention');
    await resolve('abandon');
    expect(await testEnvironment().result()).toMatchObject({
      artifacts: [{ result: { commit: 'none', reason: expect.stringContaining('No commit was sent') } }],
    });
    expect(await stepsOfTarget()).not.toHaveProperty('findCommit');
  });
});

describe('cancelling a commit in doubt', () => {
  it('comes too late when the commit is found', async () => {
    const { show } = await pauseInDoubt(testEnvironment());
    show();
    await testEnvironment().handle().cancel();
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head(), cameTooLate: 'cancel' } } }],
    });
  });

  it('ends cancelled when the lookup finds no commit', async () => {
    testEnvironment().hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await startApproved(testEnvironment());
    await testEnvironment().untilTarget('needs-attention');
    await testEnvironment().handle().cancel();
    await expect(testEnvironment().result()).rejects.toThrow();
    expect((await testEnvironment().handle().describe()).status.name).toBe('CANCELLED');
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
  });
});

describe('a commit answer that names a nonexistent commit', () => {
  it('is corrected by the trailers of the real commit', async () => {
    faultCommit(testEnvironment(), { kind: 'wrong-oid' });
    await startApproved(testEnvironment());
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head() } } }],
    });
    expect(await testEnvironment().ourCommits()).toBe(1);
    await testEnvironment().keep('wrong-oid', ['target']);
  });

  it('pauses the target when no commit was made, and a retry commits again', async () => {
    faultCommit(testEnvironment(), { kind: 'status', status: 200, body: JSON.stringify({ success: true, commitOid: '0'.repeat(40) }) });
    await startApproved(testEnvironment());
    await testEnvironment().untilTarget('needs-attention');
    const { problem } = await testEnvironment().targetHandle().query<{ problem: { code: string; reason: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'commit/not-there', reason: expect.stringContaining(`its head is still ${await head()}`) });
    await resolve('retry');
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head() } } }],
    });
    expect(await testEnvironment().ourCommits()).toBe(1);
    await testEnvironment().keep('commit-not-there', ['target']);
  });
});
