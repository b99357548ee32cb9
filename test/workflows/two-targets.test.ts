import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sameRepo, type RepoId } from '../../core/ids.js';
import { targetId } from '../../contract/names.js';
import type { PublishStatus } from '../../contract/messages.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { freeze } from '../support/freeze.js';
import { swp } from '../support/swp.js';
import { twoTargets } from '../support/two-targets.js';
import { TestEnvironment } from '../support/test-environment.js';

const POLL = { timeout: 30_000, interval: 50 };

let testEnvironment: TestEnvironment;
let entry: EntrySnapshot;
let vision: RepoId;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('two-targets');
});
beforeEach(async () => {
  await testEnvironment.renew();
  ({ entry, vision } = await twoTargets(testEnvironment));
});
afterAll(() => testEnvironment.close());

const run = (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const stageOf = async (id: string) =>
  (await testEnvironment.temporal.client.workflow.getHandle(id).describe()).searchAttributes['SwpStage']?.[0];
const stage = () => stageOf(testEnvironment.handle().workflowId);
const details = async (): Promise<string> => {
  const metadata = await testEnvironment.handle().query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails;
};
const holdAt = (operation: string, repo: RepoId) =>
  freeze(testEnvironment.hub, (exchange) => exchange.operation === operation && sameRepo(exchange.repo ?? '', repo), 'hold');
const publish = async (): Promise<void> => {
  await testEnvironment.start(entry);
  await testEnvironment.approve(1, entry);
};

describe('a publish of two targets', () => {
  it('shows the stage of its least advanced target', async () => {
    const upload = holdAt('lfs-batch', testEnvironment.target);
    const commit = holdAt('commit', vision);
    await publish();
    await Promise.all([upload.reached, commit.reached]);
    await expect.poll(() => stageOf(targetId(vision)), POLL).toBe('committing');
    await expect.poll(stage, POLL).toBe('uploading');
    expect(await details()).toContain('**uploading**');
    upload.thaw();
    commit.thaw();
    expect(await testEnvironment.result(entry)).toMatchObject({ outcome: 'published' });
    expect(await stage()).toBe('published');
    await testEnvironment.keep('two-targets', ['publish'], entry);
  });

  it('plans a target again that moved while the next round waited, although that round is rejected', async () => {
    const strange = (repo: RepoId) =>
      testEnvironment.hub.admin.commitFiles(repo, new Map([['strange.txt', new Uint8Array(1)]]), { message: 'Another writer' });
    const commits = [testEnvironment.target, vision].map((repo) => ({ repo, ...holdAt('commit', repo) }));
    await publish();
    for (const [index, { repo, reached, thaw }] of commits.entries()) {
      await reached;
      await strange(repo);
      thaw();
      // The second target moves only while the plan of the first one waits.
      if (index === 0) await testEnvironment.planOf(2, entry);
    }
    const running = async () => (await testEnvironment.handle().query<PublishStatus>('status')).running;
    await expect.poll(running, POLL).toEqual([]);
    const { digest } = await testEnvironment.planOf(2, entry);
    await testEnvironment.handle().executeUpdate('decide', { args: [{ plan: digest, verdict: 'reject', reviewer: 'ada' }] });
    const third = await testEnvironment.approve(3, entry);
    expect(third.artifacts.map(({ kind }) => kind)).toEqual(['vision']);
    expect(await testEnvironment.result(entry)).toMatchObject({
      outcome: 'rejected',
      rounds: 3,
      artifacts: [
        { kind: 'mtp', result: { outcome: 'rejected' } },
        { kind: 'vision', result: { outcome: 'published' } },
      ],
    });
  });

  it('needs attention while one target is paused, and names the target, the reason and the remedy', async () => {
    const stop = testEnvironment.hub.on(({ operation, repo }) =>
      operation === 'lfs-batch' && sameRepo(repo ?? '', vision)
        ? { kind: 'status', status: 403, body: '{"error":"Private storage quota exceeded"}' }
        : undefined,
    );
    await publish();
    await testEnvironment.until('needs-attention', targetId(vision));
    await expect.poll(stage, POLL).toBe('needs-attention');
    expect(await details()).toMatch(/Private storage quota exceeded[\s\S]*Free storage on the Hub[\s\S]*`target\/acme\/[^`]*-vision`/);
    const { out } = await run('status', entry.name);
    expect(out).toContain(`${entry.name}: needs-attention\n`);
    expect(out).toContain(`${targetId(vision)} is paused at uploading (hub/quota)`);
    stop();
    expect((await run('retry', entry.name)).out).toBe(`${targetId(vision)}: retry at uploading\n`);
    expect(await testEnvironment.result(entry)).toMatchObject({ outcome: 'published' });
    expect(await stage()).toBe('published');
  });

  it('is listed once by swp pending while one target is paused', async () => {
    testEnvironment.hub.on(({ operation, repo }) =>
      operation === 'lfs-batch' && sameRepo(repo ?? '', vision)
        ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' }
        : undefined,
    );
    await publish();
    await expect.poll(stage, POLL).toBe('needs-attention');
    const pending = async () =>
      (JSON.parse((await run('pending', '--json')).out) as { readonly entry: string; readonly workflow: string }[]).filter(
        (item) => item.entry === entry.name,
      );
    await expect.poll(pending, POLL).toMatchObject([{ workflow: targetId(vision) }]);
    await run('abandon', entry.name, '--yes');
    await testEnvironment.result(entry);
  });
});

describe('a publish of two targets that is cancelled after one is committed', () => {
  const cancelHalfway = async (): Promise<void> => {
    const { reached } = holdAt('lfs-batch', vision);
    await publish();
    await Promise.all([reached, testEnvironment.untilTarget('published')]);
    await testEnvironment.handle().cancel();
    await testEnvironment.result(entry).catch(() => undefined);
  };

  it('ends with the result of each target', async () => {
    await cancelHalfway();
    expect(await testEnvironment.result(entry)).toMatchObject({
      outcome: 'abandoned',
      artifacts: [
        { kind: 'mtp', result: { outcome: 'published', receipt: { cameTooLate: null } } },
        { kind: 'vision', result: { outcome: 'abandoned', commit: 'none' } },
      ],
    });
    expect(await details()).toContain(`\`${vision}\`: abandoned: cancelled`);
    await testEnvironment.keep('cancelled-halfway', ['publish'], entry);
  });

  it('shows the result of each target in swp status and swp history', async () => {
    await cancelHalfway();
    const commit = await testEnvironment.hub.admin.head(testEnvironment.target);
    const { code, out } = await run('status', entry.name);
    expect([code, out]).toEqual([1, expect.stringContaining(`commit    ${commit}`)]);
    expect(out).not.toContain('as it was');
    expect(out).toContain(`vision ${vision}: abandoned: cancelled`);
    const history = (await run('history', entry.name)).out;
    expect(history).toContain(`${testEnvironment.target}: published, commit ${commit}`);
    expect(history).toContain(`${vision}: abandoned: cancelled`);
  });
});

describe('swp history of a publish without a result', () => {
  it('shows the result of a target that outlived the publish', async () => {
    const { reached, thaw } = holdAt('commit', testEnvironment.target);
    const other = holdAt('lfs-batch', vision);
    await publish();
    await Promise.all([reached, other.reached]);
    await testEnvironment.handle().terminate();
    const history = async () => (await run('history', entry.name)).out;
    await expect.poll(history, POLL).toContain(`${vision}: abandoned`);
    thaw();
    await expect.poll(history, POLL).toMatch(new RegExp(`${testEnvironment.target}: published, commit [0-9a-f]{40}`));
    expect(await history()).toMatch(/^\S+ {2}terminated after /);
  });

  it('shows the stage of a running target', async () => {
    const { reached, thaw } = holdAt('lfs-batch', testEnvironment.target);
    await publish();
    await reached;
    expect((await run('history', entry.name)).out).toContain(`${testEnvironment.target}: uploading`);
    thaw();
    await testEnvironment.result(entry);
  });
});
