import { describe, expect, it } from 'vitest';
import type { RepoId } from '../../core/ids.js';
import { targetId } from '../../contract/names.js';
import type { PublishStatus } from '../../contract/messages.js';
import { detailsOf } from '../support/details-of.js';
import { holdAt, stageOf, useTwoTargets } from '../support/two-targets.js';

const POLL = { timeout: 30_000, interval: 50 };

const { testEnvironment, entry, vision, run, stage, publish } = useTwoTargets('two-targets-more');

describe('a publish of two targets', () => {
  it('shows the stage of its least advanced target', async () => {
    const upload = holdAt(testEnvironment(), 'lfs-batch', testEnvironment().target);
    const commit = holdAt(testEnvironment(), 'commit', vision());
    await publish();
    await Promise.all([upload.reached, commit.reached]);
    await expect.poll(() => stageOf(testEnvironment(), targetId(vision())), POLL).toBe('committing');
    await expect.poll(stage, POLL).toBe('uploading');
    expect(await detailsOf(testEnvironment())).toContain('**uploading**');
    upload.thaw();
    commit.thaw();
    expect(await testEnvironment().result(entry())).toMatchObject({ outcome: 'published' });
    expect(await stage()).toBe('published');
    await testEnvironment().keep('two-targets', ['publish'], entry());
  });

  it('plans a target again that moved while the next round waited, although that round is rejected', async () => {
    const strange = (repo: RepoId) =>
      testEnvironment().hub.admin.commitFiles(repo, new Map([['strange.txt', new Uint8Array(1)]]), { message: 'Another writer' });
    const commits = [testEnvironment().target, vision()].map((repo) => ({ repo, ...holdAt(testEnvironment(), 'commit', repo) }));
    await publish();
    for (const [index, { repo, reached, thaw }] of commits.entries()) {
      await reached;
      await strange(repo);
      thaw();
      // The second target moves only while the plan of the first one waits.
      if (index === 0) await testEnvironment().planOf(2, entry());
    }
    const running = async () => (await testEnvironment().handle().query<PublishStatus>('status')).running;
    await expect.poll(running, POLL).toEqual([]);
    const { digest } = await testEnvironment().planOf(2, entry());
    await testEnvironment()
      .handle()
      .executeUpdate('decide', { args: [{ plan: digest, verdict: 'reject', reviewer: 'ada' }] });
    const third = await testEnvironment().approve(3, entry());
    expect(third.artifacts.map(({ kind }) => kind)).toEqual(['vision']);
    expect(await testEnvironment().result(entry())).toMatchObject({
      outcome: 'rejected',
      rounds: 3,
      artifacts: [
        { kind: 'mtp', result: { outcome: 'rejected' } },
        { kind: 'vision', result: { outcome: 'published' } },
      ],
    });
  });
});

describe('swp history of a publish without a result', () => {
  it('shows the result of a target that outlived the publish', async () => {
    const { reached, thaw } = holdAt(testEnvironment(), 'commit', testEnvironment().target);
    const other = holdAt(testEnvironment(), 'lfs-batch', vision());
    await publish();
    await Promise.all([reached, other.reached]);
    await testEnvironment().handle().terminate();
    const history = async () => (await run('history', entry().name)).out;
    await expect.poll(history, POLL).toContain(`${vision()}: abandoned`);
    thaw();
    await expect.poll(history, POLL).toMatch(new RegExp(`${testEnvironment().target}: published, commit [0-9a-f]{40}`));
    expect(await history()).toMatch(/^\S+ {2}terminated after /);
  });

  it('shows the stage of a running target', async () => {
    const { reached, thaw } = holdAt(testEnvironment(), 'lfs-batch', testEnvironment().target);
    await publish();
    await reached;
    expect((await run('history', entry().name)).out).toContain(`${testEnvironment().target}: uploading`);
    thaw();
    await testEnvironment().result(entry());
  });
});
