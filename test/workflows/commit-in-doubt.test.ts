import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scriptFaults, type Fault } from '../../dev/hub/index.js';
import { NAMED_FAULTS } from '../../dev/hub/named-faults.js';

import { targetId } from '../../contract/names.js';
import { scheduledSteps } from '../support/steps.js';
import { swp } from '../support/swp.js';
import { Workshop } from '../support/workshop.js';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open('doubt');
});
beforeEach(() => workshop.renew());
afterAll(() => workshop.close());

const resolve = (action: string) => workshop.targetHandle().executeUpdate('resolve', { args: [{ action }] });
const head = () => workshop.hub.admin.head(workshop.target);
const verify = () => swp(['verify', workshop.target], { cwd: workshop.directory, env: workshop.clientEnv() });
const stepsOfTarget = () => scheduledSteps(workshop.temporal, targetId(workshop.target));

/** The first commit request meets this fault. */
const faultCommit = (fault: Fault): void => {
  let struck = false;
  workshop.hub.on(({ operation }) => {
    if (struck || operation !== 'commit') return undefined;
    struck = true;
    return fault;
  });
};

/** From the first commit request on, the target answers no question about it: the outcome cannot be looked up. */
const hideTarget = (status: number): (() => void) =>
  workshop.hub.on(({ operation, repo }) => {
    const isAsked = operation === 'model-info' || operation === 'commits';
    const isHidden = isAsked && repo?.toLowerCase() === workshop.target.toLowerCase() && workshop.requestsOf('commit').length > 0;
    return isHidden ? { kind: 'status', status, body: '{"error":"Invalid username or password."}' } : undefined;
  });

const publish = async () => {
  await workshop.start();
  await workshop.approve();
};

/** A publish whose commit is in the target, and that is paused since it could not find out. */
const pauseInDoubt = async (): Promise<{ readonly show: () => void }> => {
  faultCommit({ kind: 'apply-then-status', status: 401, body: '{"error":"Invalid username or password."}' });
  const show = hideTarget(401);
  await publish();
  await workshop.untilTarget('needs-attention');
  return { show };
};

describe('a commit that was applied and answered with an error', () => {
  it.each(['commit-504-page-applied', 'commit-401-applied', 'commit-308-applied', 'commit-525-applied'])(
    'ends published unaided after %s',
    async (name) => {
      const { operation, fault } = NAMED_FAULTS.get(name)!;
      workshop.hub.on(scriptFaults([{ operation, fault: fault(0) }]).intercept);
      await publish();
      expect(await workshop.result()).toMatchObject({
        outcome: 'published',
        artifacts: [{ result: { receipt: { commit: await head() } } }],
      });
      expect(await workshop.ourCommits()).toBe(1);
    },
  );

  it('pauses with an unknown outcome where it cannot be looked for, and is found after retry', async () => {
    const { show } = await pauseInDoubt();
    const { problem } = await workshop.targetHandle().query<{ problem: { code: string; reason: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'hub/commit-unknown', reason: expect.stringContaining('may have been made') });
    show();
    await resolve('retry');
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    expect(workshop.requestsOf('commit')).toHaveLength(1);
  });
});

describe('abandon of a commit in doubt', () => {
  it('comes too late where the commit is found', async () => {
    const { show } = await pauseInDoubt();
    show();
    await resolve('abandon');
    expect(await workshop.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head(), cameTooLate: 'abandon' } } }],
    });
    await workshop.keep('abandoned-too-late', ['target']);
  });

  it('comes too late where somebody else has committed on top', async () => {
    const { show } = await pauseInDoubt();
    const ours = await head();
    await workshop.hub.admin.commitFiles(workshop.target, new Map([['notes.txt', Buffer.from('x')]]), { message: 'Somebody else' });
    show();
    await resolve('abandon');
    expect(await workshop.result()).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { commit: ours } } }] });
  });

  it('says that the outcome is unknown where nobody can look, and swp verify settles it', async () => {
    const { show } = await pauseInDoubt();
    const parent = (await workshop.hub.admin.listCommits(workshop.target))[1]!.id;
    await resolve('abandon');
    const { artifacts } = await workshop.result();
    expect(artifacts).toMatchObject([
      { result: { outcome: 'abandoned', commit: 'unknown', reason: expect.stringContaining(`Outcome unknown: last seen head ${parent}`) } },
    ]);
    show();
    const { plan } = await workshop.result();
    const { code, out } = await verify();
    expect([code, out]).toEqual([0, expect.stringContaining(`${workshop.target}: intact`)]);
    expect(out).toContain(await head());
    expect(out).toContain(plan);
    await workshop.keep('abandoned-unknown', ['target']);
  });

  it('names the head that it saw where the commit was refused', async () => {
    workshop.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await publish();
    await workshop.untilTarget('needs-attention');
    await resolve('abandon');
    expect(await workshop.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { commit: 'none', reason: expect.stringContaining(`its head is still ${await head()}`) } }],
    });
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
    expect(await workshop.ourCommits()).toBe(0);
    await workshop.keep('abandoned', ['publish', 'target']);
  });

  it('does not look where nothing was sent', async () => {
    await workshop.start();
    await workshop.planOf();
    workshop.hub.on(({ operation }) =>
      operation === 'validate-yaml' ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: 'no' }] }) } : undefined,
    );
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    await resolve('abandon');
    expect(await workshop.result()).toMatchObject({
      artifacts: [{ result: { commit: 'none', reason: expect.stringContaining('No commit was sent') } }],
    });
    expect(await stepsOfTarget()).not.toHaveProperty('findCommit');
  });
});

describe('cancel of a commit in doubt', () => {
  it('comes too late where the commit is found', async () => {
    const { show } = await pauseInDoubt();
    show();
    await workshop.handle().cancel();
    expect(await workshop.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { commit: await head(), cameTooLate: 'cancel' } } }],
    });
  });

  it('looks once, and ends with its result where the outcome stays unknown', async () => {
    await pauseInDoubt();
    await workshop.handle().cancel();
    expect(await workshop.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { outcome: 'abandoned', commit: 'unknown' } }],
    });
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
    await workshop.keep('cancelled-unknown', ['publish', 'target']);
  });

  it('ends cancelled where the commit was looked for and is not there', async () => {
    workshop.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await publish();
    await workshop.untilTarget('needs-attention');
    await workshop.handle().cancel();
    await expect(workshop.result()).rejects.toThrow();
    expect((await workshop.handle().describe()).status.name).toBe('CANCELLED');
    expect(await stepsOfTarget()).toMatchObject({ findCommit: 1 });
  });
});

describe('a commit answer that names no commit', () => {
  it('is corrected by the trailers of the commit that was made', async () => {
    faultCommit({ kind: 'wrong-oid' });
    await publish();
    expect(await workshop.result()).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { commit: await head() } } }] });
    expect(await workshop.ourCommits()).toBe(1);
    await workshop.keep('wrong-oid', ['target']);
  });

  it('and made none pauses, and retry commits again', async () => {
    faultCommit({ kind: 'status', status: 200, body: JSON.stringify({ success: true, commitOid: '0'.repeat(40) }) });
    await publish();
    await workshop.untilTarget('needs-attention');
    const { problem } = await workshop.targetHandle().query<{ problem: { code: string; reason: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'commit/not-there', reason: expect.stringContaining(`its head is still ${await head()}`) });
    await resolve('retry');
    expect(await workshop.result()).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { commit: await head() } } }] });
    expect(await workshop.ourCommits()).toBe(1);
    await workshop.keep('commit-not-there', ['target']);
  });
});
