import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, Operation } from '../../dev/hub/index.js';
import { targetId } from '../../workflows/names.js';
import { Workshop } from '../support/workshop.js';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.open('faults');
});
afterEach(() => workshop.close());

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
    expect(workshop.hub.requests.filter(({ operation }) => operation === 'commit')).toHaveLength(1);
  });

  it('is sent again when it was not applied', async () => {
    once('commit', { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
    expect(workshop.hub.requests.filter(({ operation }) => operation === 'commit')).toHaveLength(2);
  });

  it.each([503, 504, 429])('is settled after a %i as well', async (status) => {
    once('commit', { kind: 'status', status });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await workshop.ourCommits()).toBe(1);
  });
});

describe('a transient fault', () => {
  it.each(['model-info', 'tree', 'resolve', 'cdn', 'preupload', 'lfs-batch', 'put', 'create-repo', 'commits'] as const)(
    'of %s ends published unaided',
    async (operation) => {
      once(operation, { kind: 'reset' });
      expect(await publish()).toMatchObject({ outcome: 'published' });
    },
  );
});

describe('a permanent fault', () => {
  it('parks with what the Hub said, and goes on after retry', async () => {
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
      .query<{ trouble: { code: string; reason: string; hint: string } }>('target-status');
    expect(status.trouble).toMatchObject({
      code: 'hub/quota',
      reason: expect.stringContaining('Private storage quota exceeded'),
      hint: expect.stringContaining('retry'),
    });
    stop();
    await resolve('retry');
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
    await workshop.keep('retried', ['target']);
  });

  it('of the card is said by the plan, which waits until it is mended', async () => {
    const stop = workshop.hub.on(({ operation }) =>
      operation === 'validate-yaml'
        ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: '"license" is unknown' }], warnings: [] }) }
        : undefined,
    );
    await workshop.start();
    await workshop.until('needs-attention');
    const { trouble } = await workshop.handle().query<{ trouble: { code: string; reason: string } }>('status');
    expect(trouble).toMatchObject({ code: 'card-yaml', reason: expect.stringContaining('"license" is unknown') });
    stop();
    await resolve('retry', workshop.handle().workflowId);
    await workshop.approve();
    expect(await workshop.result()).toMatchObject({ outcome: 'published' });
  });

  it('of the card just before the commit parks there', async () => {
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

  it('can be abandoned, and the target stays as it was', async () => {
    workshop.hub.on(({ operation }) =>
      operation === 'commit' ? { kind: 'status', status: 403, body: JSON.stringify({ error: 'Forbidden' }) } : undefined,
    );
    await workshop.start();
    await workshop.approve();
    await workshop.untilTarget('needs-attention');
    await expect(resolve('dance')).rejects.toThrow();
    await resolve('abandon');
    expect(await workshop.result()).toMatchObject({ outcome: 'abandoned' });
    await workshop.keep('abandoned', ['publish', 'target']);
    expect(await workshop.ourCommits()).toBe(0);
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
      artifacts: [{ result: { reason: expect.stringContaining(`Commit ${head} is in the target, and was not verified`) } }],
    });
  });
});

describe('a cancel', () => {
  it('before the commit leaves the target as it was and frees the lock', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve_) => (release = resolve_));
    workshop.hub.on(({ operation }) => (operation === 'lfs-batch' ? { kind: 'hold', until: held } : undefined));
    await workshop.start();
    await workshop.approve();
    await workshop.untilTarget('uploading');
    await workshop.handle().cancel();
    await expect(workshop.result()).rejects.toThrow();
    release();
    expect(await workshop.ourCommits()).toBe(0);
    const target = await workshop.temporal.client.workflow.getHandle(targetId(workshop.target)).describe();
    expect(target.status.name).toBe('CANCELLED');
    await workshop.keep('cancelled', ['publish', 'target']);
  });

  it('after the commit was sent comes too late: it ends published and says so', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve_) => (release = resolve_));
    const seen = new Promise<void>((reached) => {
      workshop.hub.on(({ operation }) => {
        if (operation !== 'commit') return undefined;
        reached();
        return { kind: 'hold-after', until: held };
      });
    });
    await workshop.start();
    await workshop.approve();
    await seen;
    await workshop.handle().cancel();
    release();
    expect(await workshop.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { cancelCameTooLate: true } } }],
    });
    await workshop.keep('cancelled-late', ['publish', 'target']);
    expect(await workshop.ourCommits()).toBe(1);
  });
});
