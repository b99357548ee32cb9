import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, Operation } from '../../dev/hub/index.js';
import { targetId } from '../../contract/names.js';
import { freeze } from '../support/freeze.js';
import { Workshop } from '../support/workshop.js';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open('faults');
});
beforeEach(() => workshop.renew());
afterAll(() => workshop.close());

/** Lets the first exchange of an operation go wrong. */
const once = (operation: Operation, fault: Fault): void => {
  let hit = false;
  workshop.hub.on((exchange) => {
    if (hit || exchange.operation !== operation) return undefined;
    hit = true;
    return fault;
  });
};

const publish = async () => {
  await workshop.start();
  await workshop.approve();
  return workshop.result();
};

const resolve = (action: string, id = targetId(workshop.target)) =>
  workshop.temporal.client.workflow.getHandle(id).executeUpdate('resolve', { args: [{ action }] });

describe('a commit whose answer is lost', () => {
  it('is found when it was applied, and not made twice', async () => {
    once('commit', { kind: 'apply-then-reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
    expect(workshop.requestsOf('commit')).toHaveLength(1);
  });

  it('is found where the look at it is cut off too', async () => {
    once('commit', { kind: 'apply-then-reset' });
    once('commits', { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(workshop.requestsOf('commits').length).toBeGreaterThan(1);
    expect(await workshop.ourCommits()).toBe(1);
  });

  it('is sent again when it was not applied', async () => {
    once('commit', { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
    expect(workshop.requestsOf('commit')).toHaveLength(2);
  });

  it.each([503, 504, 429])('is settled after a %i as well', async (status) => {
    once('commit', { kind: 'status', status });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
  });
});

describe('a transient fault', () => {
  it('of each operation ends published unaided', async () => {
    const operations = ['model-info', 'tree', 'resolve', 'cdn', 'preupload', 'lfs-batch', 'put', 'create-repo'] as const;
    for (const operation of operations) once(operation, { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    for (const operation of operations) expect(workshop.requestsOf(operation).length, operation).toBeGreaterThan(1);
  });
});

describe('a permanent fault', () => {
  it('pauses with what the Hub said, and goes on after retry', async () => {
    const stop = workshop.hub.on(({ operation }) =>
      operation === 'lfs-batch'
        ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Private storage quota exceeded' }) }
        : undefined,
    );
    await workshop.start();
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    const status = await workshop.temporal.client.workflow
      .getHandle(targetId(workshop.target))
      .query<{ problem: { code: string; reason: string; hint: string } }>('target-status');
    expect(status.problem).toMatchObject({
      code: 'hub/quota',
      reason: expect.stringContaining('Private storage quota exceeded'),
      hint: expect.stringContaining('retry'),
    });
    stop();
    await resolve('retry');
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    await workshop.keep('retried', ['target']);
  });

  it('of the card is said by the plan, which waits until it is fixed', async () => {
    const stop = workshop.hub.on(({ operation }) =>
      operation === 'validate-yaml'
        ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: '"license" is unknown' }], warnings: [] }) }
        : undefined,
    );
    await workshop.start();
    await workshop.until('needs-attention');
    const { problem } = await workshop.handle().query<{ problem: { code: string; reason: string } }>('status');
    expect(problem).toMatchObject({ code: 'card-yaml', reason: expect.stringContaining('"license" is unknown') });
    stop();
    await resolve('retry', workshop.handle().workflowId);
    await workshop.approve();
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });

  it('of the card just before the commit pauses there', async () => {
    await workshop.start();
    await workshop.planOf();
    const stop = workshop.hub.on(({ operation }) =>
      operation === 'validate-yaml' ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: 'no' }] }) } : undefined,
    );
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    stop();
    await resolve('retry');
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });

  it('of the plan itself is a blocked check, and the publish ends failed', async () => {
    const gone = workshop.entry({ mtp_source_repo: 'labs/nowhere' });
    await workshop.start(gone);
    await expect(workshop.result(gone)).rejects.toMatchObject({
      cause: { type: 'publish/failed', message: expect.stringContaining('labs/nowhere') },
    });
    await workshop.keep('blocked', ['publish'], gone);
  });

  it('of verification keeps the publish red', async () => {
    await workshop.start();
    await workshop.planOf();
    let lie = true;
    workshop.hub.on(({ operation, file }) =>
      lie && operation === 'resolve' && file === 'provenance.json'
        ? { kind: 'status', status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
        : undefined,
    );
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    lie = false;
    await resolve('retry');
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });

  it('of verification can be abandoned, and the end says that the commit stays', async () => {
    workshop.hub.on(({ operation, file }) =>
      operation === 'resolve' && file === 'provenance.json'
        ? { kind: 'status', status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
        : undefined,
    );
    await workshop.start();
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    await resolve('abandon');
    const head = await workshop.hub.admin.head(workshop.target);
    expect(await workshop.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { reason: expect.stringContaining(`The Hub answered commit ${head}, which was not verified`) } }],
    });
  });
});

describe('a cancel', () => {
  it('before the commit leaves no commit and frees the lock', async () => {
    const { thaw } = freeze(workshop.hub, ({ operation }) => operation === 'lfs-batch', 'hold');
    await workshop.start();
    await workshop.approve();
    await workshop.untilTarget('uploading');
    await workshop.handle().cancel();
    await expect(workshop.result()).rejects.toThrow();
    thaw();
    expect(await workshop.ourCommits()).toBe(0);
    const target = await workshop.temporal.client.workflow.getHandle(targetId(workshop.target)).describe();
    expect(target.status.name).toBe('CANCELLED');
    await workshop.keep('cancelled', ['publish', 'target']);
  });

  it('after the commit was sent comes too late: it ends published and says so', async () => {
    const { reached, thaw } = freeze(workshop.hub, ({ operation }) => operation === 'commit', 'hold-after');
    await workshop.start();
    await workshop.approve();
    await reached;
    await workshop.handle().cancel();
    thaw();
    expect(await workshop.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { cameTooLate: 'cancel' } } }],
    });
    await workshop.keep('cancelled-late', ['publish', 'target']);
    expect(await workshop.ourCommits()).toBe(1);
  });
});
