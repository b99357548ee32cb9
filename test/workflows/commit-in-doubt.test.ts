import { describe, expect, it } from 'vitest';
import { scriptFaults } from '../../dev/hub/index.js';
import { NAMED_FAULTS } from '../../dev/hub/named-faults.js';
import { pauseInDoubt, startApproved, useCommitsInDoubt } from '../support/commit-in-doubt.js';
import { swp } from '../support/swp.js';

const { testEnvironment, resolve, head, stepsOfTarget } = useCommitsInDoubt('doubt');
const verify = () => swp(['verify', testEnvironment().target], { cwd: testEnvironment().directory, env: testEnvironment().clientEnv() });

describe('a commit that was applied and answered with an error', () => {
  it.each(['commit-504-page-applied'])('ends published without help after %s', async (name) => {
    const { operation, fault } = NAMED_FAULTS.get(name)!;
    testEnvironment().hub.on(scriptFaults([{ operation, fault: fault(0) }]).intercept);
    await startApproved(testEnvironment());
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head() } } }],
    });
    expect(await testEnvironment().ourCommits()).toBe(1);
  });

  it('pauses with an unknown outcome when its lookup fails, and is found after a retry', async () => {
    const { show } = await pauseInDoubt(testEnvironment());
    const { problem } = await testEnvironment().targetHandle().query<{ problem: { code: string; reason: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'hub/commit-unknown', reason: expect.stringContaining('may have been made') });
    show();
    await resolve('retry');
    expect(await testEnvironment().result()).toMatchObject({ outcome: 'published' });
    expect(testEnvironment().requestsOf('commit')).toHaveLength(1);
  });
});

describe('abandoning a commit in doubt', () => {
  it('comes too late when the commit is found', async () => {
    const { show } = await pauseInDoubt(testEnvironment());
    show();
    await resolve('abandon');
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head(), cameTooLate: 'abandon' } } }],
    });
    await testEnvironment().keep('abandoned-too-late', ['target']);
  });

  it('reports an unknown outcome when the lookup fails, and swp verify settles it', async () => {
    const { show } = await pauseInDoubt(testEnvironment());
    const parent = (await testEnvironment().hub.admin.listCommits(testEnvironment().target))[1]!.id;
    await resolve('abandon');
    const { artifacts } = await testEnvironment().result();
    expect(artifacts).toMatchObject([
      { result: { outcome: 'abandoned', commit: 'unknown', reason: expect.stringContaining(`Outcome unknown: last seen head ${parent}`) } },
    ]);
    show();
    const { plan } = await testEnvironment().result();
    const { code, out } = await verify();
    expect([code, out]).toEqual([0, expect.stringContaining(`${testEnvironment().target}: intact`)]);
    expect(out).toContain(await head());
    expect(out).toContain(plan);
    await testEnvironment().keep('abandoned-unknown', ['target']);
  });
});

describe('cancelling a commit in doubt', () => {
  it('looks the commit up once and ends abandoned when the outcome stays unknown', async () => {
    await pauseInDoubt(testEnvironment());
    await testEnvironment().handle().cancel();
    expect(await testEnvironment().result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { outcome: 'abandoned', commit: 'unknown' } }],
    });
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
    await testEnvironment().keep('cancelled-unknown', ['publish', 'target']);
  });
});
