import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scriptFaults, type Fault } from '../../dev/hub/index.js';
import { NAMED_FAULTS } from '../../dev/hub/named-faults.js';

import { targetId } from '../../contract/names.js';
import { scheduledSteps } from '../support/steps.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('doubt');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const resolve = (action: string) => testEnvironment.targetHandle().executeUpdate('resolve', { args: [{ action }] });
const head = () => testEnvironment.hub.admin.head(testEnvironment.target);
const verify = () => swp(['verify', testEnvironment.target], { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const stepsOfTarget = () => scheduledSteps(testEnvironment.temporal, targetId(testEnvironment.target));

/** Injects this fault into the first commit request. */
const faultCommit = (fault: Fault): void => {
  let struck = false;
  testEnvironment.hub.on(({ operation }) => {
    if (struck || operation !== 'commit') return undefined;
    struck = true;
    return fault;
  });
};

/** Makes lookups of the target fail from the first commit request on, so that the outcome of the commit stays unknown. */
const hideTarget = (status: number): (() => void) =>
  testEnvironment.hub.on(({ operation, repo }) => {
    const isLookup = operation === 'model-info' || operation === 'commits';
    const isHidden =
      isLookup && repo?.toLowerCase() === testEnvironment.target.toLowerCase() && testEnvironment.requestsOf('commit').length > 0;
    return isHidden ? { kind: 'status', status, body: '{"error":"Invalid username or password."}' } : undefined;
  });

const publish = async () => {
  await testEnvironment.start();
  await testEnvironment.approve();
};

/** Starts a publish whose commit was applied, and which is paused because its lookup failed. */
const pauseInDoubt = async (): Promise<{ readonly show: () => void }> => {
  faultCommit({ kind: 'apply-then-status', status: 401, body: '{"error":"Invalid username or password."}' });
  const show = hideTarget(401);
  await publish();
  await testEnvironment.untilTarget('needs-attention');
  return { show };
};

describe('a commit that was applied and answered with an error', () => {
  it.each(['commit-504-page-applied', 'commit-401-applied', 'commit-308-applied', 'commit-525-applied'])(
    'ends published without help after %s',
    async (name) => {
      const { operation, fault } = NAMED_FAULTS.get(name)!;
      testEnvironment.hub.on(scriptFaults([{ operation, fault: fault(0) }]).intercept);
      await publish();
      expect(await testEnvironment.result()).toMatchObject({
        outcome: 'published',
        artifacts: [{ result: { receipt: { commit: await head() } } }],
      });
      expect(await testEnvironment.ourCommits()).toBe(1);
    },
  );

  it('pauses with an unknown outcome when its lookup fails, and is found after a retry', async () => {
    const { show } = await pauseInDoubt();
    const { problem } = await testEnvironment.targetHandle().query<{ problem: { code: string; reason: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'hub/commit-unknown', reason: expect.stringContaining('may have been made') });
    show();
    await resolve('retry');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(testEnvironment.requestsOf('commit')).toHaveLength(1);
  });
});

describe('abandoning a commit in doubt', () => {
  it('comes too late when the commit is found', async () => {
    const { show } = await pauseInDoubt();
    show();
    await resolve('abandon');
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head(), cameTooLate: 'abandon' } } }],
    });
    await testEnvironment.keep('abandoned-too-late', ['target']);
  });

  it('comes too late when another commit is on top of ours', async () => {
    const { show } = await pauseInDoubt();
    const ours = await head();
    await testEnvironment.hub.admin.commitFiles(testEnvironment.target, new Map([['notes.txt', Buffer.from('x')]]), {
      message: 'Somebody else',
    });
    show();
    await resolve('abandon');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { commit: ours } } }] });
  });

  it('reports an unknown outcome when the lookup fails, and swp verify settles it', async () => {
    const { show } = await pauseInDoubt();
    const parent = (await testEnvironment.hub.admin.listCommits(testEnvironment.target))[1]!.id;
    await resolve('abandon');
    const { artifacts } = await testEnvironment.result();
    expect(artifacts).toMatchObject([
      { result: { outcome: 'abandoned', commit: 'unknown', reason: expect.stringContaining(`Outcome unknown: last seen head ${parent}`) } },
    ]);
    show();
    const { plan } = await testEnvironment.result();
    const { code, out } = await verify();
    expect([code, out]).toEqual([0, expect.stringContaining(`${testEnvironment.target}: intact`)]);
    expect(out).toContain(await head());
    expect(out).toContain(plan);
    await testEnvironment.keep('abandoned-unknown', ['target']);
  });

  it('names the head that it saw when the commit was refused', async () => {
    testEnvironment.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await publish();
    await testEnvironment.untilTarget('needs-attention');
    await resolve('abandon');
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { commit: 'none', reason: expect.stringContaining(`its head is still ${await head()}`) } }],
    });
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
    expect(await testEnvironment.ourCommits()).toBe(0);
    await testEnvironment.keep('abandoned', ['publish', 'target']);
  });

  it('looks nothing up when no commit was sent', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    testEnvironment.hub.on(({ operation }) =>
      operation === 'validate-yaml' ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: 'no' }] }) } : undefined,
    );
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    await resolve('abandon');
    expect(await testEnvironment.result()).toMatchObject({
      artifacts: [{ result: { commit: 'none', reason: expect.stringContaining('No commit was sent') } }],
    });
    expect(await stepsOfTarget()).not.toHaveProperty('findCommit');
  });
});

describe('cancelling a commit in doubt', () => {
  it('comes too late when the commit is found', async () => {
    const { show } = await pauseInDoubt();
    show();
    await testEnvironment.handle().cancel();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head(), cameTooLate: 'cancel' } } }],
    });
  });

  it('looks the commit up once and ends abandoned when the outcome stays unknown', async () => {
    await pauseInDoubt();
    await testEnvironment.handle().cancel();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { outcome: 'abandoned', commit: 'unknown' } }],
    });
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
    await testEnvironment.keep('cancelled-unknown', ['publish', 'target']);
  });

  it('ends cancelled when the lookup finds no commit', async () => {
    testEnvironment.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await publish();
    await testEnvironment.untilTarget('needs-attention');
    await testEnvironment.handle().cancel();
    await expect(testEnvironment.result()).rejects.toThrow();
    expect((await testEnvironment.handle().describe()).status.name).toBe('CANCELLED');
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
  });
});

describe('a commit answer that names a nonexistent commit', () => {
  it('is corrected by the trailers of the real commit', async () => {
    faultCommit({ kind: 'wrong-oid' });
    await publish();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head() } } }],
    });
    expect(await testEnvironment.ourCommits()).toBe(1);
    await testEnvironment.keep('wrong-oid', ['target']);
  });

  it('pauses the target when no commit was made, and a retry commits again', async () => {
    faultCommit({ kind: 'status', status: 200, body: JSON.stringify({ success: true, commitOid: '0'.repeat(40) }) });
    await publish();
    await testEnvironment.untilTarget('needs-attention');
    const { problem } = await testEnvironment.targetHandle().query<{ problem: { code: string; reason: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'commit/not-there', reason: expect.stringContaining(`its head is still ${await head()}`) });
    await resolve('retry');
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head() } } }],
    });
    expect(await testEnvironment.ourCommits()).toBe(1);
    await testEnvironment.keep('commit-not-there', ['target']);
  });
});
