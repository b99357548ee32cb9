import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPublish } from '../../temporal/start-publish.js';
import { RepoId, sameRepo } from '../../core/ids.js';
import type { TargetStatus } from '../../contract/messages.js';
import { commitAsOther, moveTargetAtCommit } from '../support/other-writer.js';
import { TestEnvironment } from '../support/test-environment.js';

const POLL = { timeout: 20_000, interval: 50 };

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('rounds');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const commitToTarget = (path: string): Promise<unknown> => commitAsOther(testEnvironment, path);

describe('a running publish', () => {
  it('is reused by a second start with equal input', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    await testEnvironment.start();
    const runs = testEnvironment.temporal.client.workflow.list({
      query: `SwpEntry = '${testEnvironment.entry().name}' AND WorkflowType = 'publishEntry'`,
    });
    let count = 0;
    for await (const _ of runs) count += 1;
    expect(count).toBe(1);
  });

  it('refuses a second start with another input and names swp cancel', async () => {
    await testEnvironment.start();
    const other = testEnvironment.entry({ private: true });
    await expect(startPublish(testEnvironment.temporal.client, { entry: other, only: [] }, testEnvironment.queue)).rejects.toMatchObject({
      code: 'publish/other-input',
      hint: expect.stringContaining('swp cancel'),
    });
  });
});

describe('a second publish', () => {
  it('ends unchanged without an approval when the source and target are unchanged', async () => {
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.result();
    await testEnvironment.start();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged', rounds: 1 });
    await testEnvironment.keep('unchanged');
    expect(await testEnvironment.ourCommits()).toBe(1);
  });

  it('rewrites only the metadata when the card was edited, and uploads no payload', async () => {
    await testEnvironment.start();
    await testEnvironment.approve();
    await testEnvironment.result();
    await testEnvironment.hub.admin.commitFiles(
      testEnvironment.target,
      new Map([['README.md', bytes('---\nlicense: mit\n---\nMine now')]]),
      {
        message: 'Edit the card',
      },
    );
    const before = testEnvironment.hub.requests.length;
    await testEnvironment.start();
    const plan = await testEnvironment.approve();
    expect(plan.artifacts[0]).toMatchObject({ action: 'metadata-only' });
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    const since = testEnvironment.hub.requests.slice(before);
    await testEnvironment.keep('metadata-only', ['target']);
    expect(since.filter(({ operation }) => operation === 'put' || operation === 'part')).toEqual([]);
    await testEnvironment.start();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('a target that changes', () => {
  it('is planned and approved again when it changed between plan and approval', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    await testEnvironment.hub.admin.createRepo(testEnvironment.target);
    await commitToTarget('notes.txt');
    await testEnvironment.approve(1);
    const second = await testEnvironment.approve(2);
    expect(second.changes.map(({ path }) => path)).toContain('mtp.target.head');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 2 });
    expect((await testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', 'notes.txt')).toString()).toBe('not ours');
  });

  it('needs a new approval for a plan that was approved in an earlier round (A, B, A)', async () => {
    await testEnvironment.start();
    const first = await testEnvironment.planOf(1);
    await testEnvironment.hub.admin.createRepo(testEnvironment.target);
    await commitToTarget('notes.txt');
    await testEnvironment.approve(1);
    const second = await testEnvironment.planOf(2);
    await testEnvironment.hub.admin.deleteRepo(testEnvironment.target);
    await testEnvironment.approve(2);
    const third = await testEnvironment.planOf(3);
    expect(third.digest).toBe(first.digest);
    expect(second.digest).not.toBe(first.digest);
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
    await testEnvironment.approve(3);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 3 });
    await testEnvironment.keep('three-rounds');
  });

  it("is planned again when another commit arrives before ours, and keeps the other commit's file", async () => {
    await moveTargetAtCommit(testEnvironment);
    await testEnvironment.start();
    await testEnvironment.approve(1);
    await testEnvironment.approve(2);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 2 });
    expect((await testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', 'stranger.txt')).toString()).toBe('not ours');
    expect(await testEnvironment.ourCommits()).toBe(1);
    const built = testEnvironment.requestsOf('put').length;
    await testEnvironment.keep('stale');
    expect(built).toBe(1);
  });

  it('can leave the host of its first round when the second round fails at the check of the target', async () => {
    await moveTargetAtCommit(testEnvironment);
    await testEnvironment.start();
    await testEnvironment.approve(1);
    await testEnvironment.planOf(2);
    const stop = testEnvironment.hub.on(({ operation, repo }) =>
      operation === 'model-info' && sameRepo(repo ?? '', testEnvironment.target) ? { kind: 'status', status: 403 } : undefined,
    );
    await testEnvironment.approve(2);
    const status = () => testEnvironment.targetHandle().query<TargetStatus>('target-status');
    await expect.poll(status, POLL).toMatchObject({ stage: 'needs-attention', problem: { step: 'checking the target' } });
    const { host } = await status();
    expect(host).not.toBeNull();
    stop();
    await testEnvironment.targetHandle().executeUpdate('resolve', { args: [{ action: 'move' }] });
    await expect.poll(status, POLL).toMatchObject({ stage: 'building', problem: null, host: null, previousHost: host });
    await testEnvironment.handle().cancel();
    await expect(testEnvironment.result()).rejects.toThrow();
  });
});

describe('one target in two entries', () => {
  it('is published by one of them, and the other ends unchanged', async () => {
    const spelt = RepoId.parse(testEnvironment.target.toUpperCase());
    const other = testEnvironment.entry({ mtp_sidecar_repo: spelt }, `${testEnvironment.queue}-other`);
    await testEnvironment.start();
    await testEnvironment.start(other);
    await testEnvironment.planOf(1);
    await testEnvironment.planOf(1, other);
    await Promise.all([testEnvironment.approve(1), testEnvironment.approve(1, other)]);
    const [one, two] = await Promise.all([testEnvironment.result(), testEnvironment.result(other)]);
    expect([one.outcome, two.outcome].toSorted()).toEqual(['published', 'unchanged']);
    await testEnvironment.keep('waited', ['publish'], one.outcome === 'unchanged' ? testEnvironment.entry() : other);
    expect(await testEnvironment.ourCommits()).toBe(1);
  });
});
