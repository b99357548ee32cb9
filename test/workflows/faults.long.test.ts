import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scriptFaults, type FaultRule, type Operation } from '../../dev/hub/index.js';
import { targetId } from '../../contract/names.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('more-faults');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

/** Injects a fault into the first exchange of an operation. */
const once = (operation: Operation, fault: FaultRule['fault']): void =>
  void testEnvironment.hub.on(scriptFaults([{ operation, fault }]).intercept);

const publish = async () => {
  await testEnvironment.start();
  await testEnvironment.approve();
  return testEnvironment.result();
};

const resolve = (action: string, id = targetId(testEnvironment.target)) =>
  testEnvironment.temporal.client.workflow.getHandle(id).executeUpdate('resolve', { args: [{ action }] });

describe('a commit whose answer is lost', () => {
  it('is found and not repeated when it was applied', async () => {
    once('commit', { kind: 'apply-then-reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await testEnvironment.ourCommits()).toBe(1);
    expect(testEnvironment.requestsOf('commit')).toHaveLength(1);
  });

  it('is found even if its lookup is interrupted too', async () => {
    once('commit', { kind: 'apply-then-reset' });
    once('commits', { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(testEnvironment.requestsOf('commits').length).toBeGreaterThan(1);
    expect(await testEnvironment.ourCommits()).toBe(1);
  });

  it('is sent again when it was not applied', async () => {
    once('commit', { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await testEnvironment.ourCommits()).toBe(1);
    expect(testEnvironment.requestsOf('commit')).toHaveLength(2);
  });

  it.each([503, 504, 429])('ends published after status %i', async (status) => {
    once('commit', { kind: 'status', status });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    expect(await testEnvironment.ourCommits()).toBe(1);
  });
});

describe('a transient fault', () => {
  it('in each operation ends published without help', async () => {
    const operations = ['model-info', 'tree', 'resolve', 'cdn', 'preupload', 'lfs-batch', 'put', 'create-repo'] as const;
    for (const operation of operations) once(operation, { kind: 'reset' });
    expect(await publish()).toMatchObject({ outcome: 'published' });
    for (const operation of operations) expect(testEnvironment.requestsOf(operation).length, operation).toBeGreaterThan(1);
  });
});

describe('a permanent fault', () => {
  it('in the card pauses the plan until it is fixed', async () => {
    const stop = testEnvironment.hub.on(({ operation }) =>
      operation === 'validate-yaml'
        ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: '"license" is unknown' }], warnings: [] }) }
        : undefined,
    );
    await testEnvironment.start();
    await testEnvironment.until('needs-attention');
    const { problem } = await testEnvironment.handle().query<{ problem: { code: string; reason: string } }>('status');
    expect(problem).toMatchObject({ code: 'card-yaml', reason: expect.stringContaining('"license" is unknown') });
    stop();
    await resolve('retry', testEnvironment.handle().workflowId);
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('in the card just before the commit pauses the target', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    const stop = testEnvironment.hub.on(({ operation }) =>
      operation === 'validate-yaml' ? { kind: 'status', status: 400, body: JSON.stringify({ errors: [{ message: 'no' }] }) } : undefined,
    );
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    stop();
    await resolve('retry');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('in the plan itself ends the publish as failed', async () => {
    const gone = testEnvironment.entry({ mtp_source_repo: 'labs/nowhere' });
    await testEnvironment.start(gone);
    await expect(testEnvironment.result(gone)).rejects.toMatchObject({
      cause: { type: 'publish/failed', message: expect.stringContaining('labs/nowhere') },
    });
    await testEnvironment.keep('blocked', ['publish'], gone);
  });

  it('in the verification pauses the target until it is fixed', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    let isHidden = true;
    testEnvironment.hub.on(({ operation, file }) =>
      isHidden && operation === 'resolve' && file === 'provenance.json'
        ? { kind: 'status', status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
        : undefined,
    );
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    isHidden = false;
    await resolve('retry');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('in the verification can be abandoned, and the result names the unverified commit', async () => {
    testEnvironment.hub.on(({ operation, file }) =>
      operation === 'resolve' && file === 'provenance.json'
        ? { kind: 'status', status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
        : undefined,
    );
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    await resolve('abandon');
    const head = await testEnvironment.hub.admin.head(testEnvironment.target);
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [{ result: { reason: expect.stringContaining(`The Hub answered with commit ${head}, which was not verified`) } }],
    });
  });
});
