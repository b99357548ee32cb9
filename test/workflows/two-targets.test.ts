import { describe, expect, it } from 'vitest';
import { sameRepo } from '../../core/ids.js';
import { targetId } from '../../contract/names.js';
import { detailsOf } from '../support/details-of.js';
import { holdAt, useTwoTargets } from '../support/two-targets.js';

const POLL = { timeout: 30_000, interval: 50 };

const { testEnvironment, entry, vision, run, stage, publish } = useTwoTargets('two-targets');

describe('a publish of two targets', () => {
  it('needs attention while one target is paused, and names the target, the reason and the remedy', async () => {
    const stop = testEnvironment().hub.on(({ operation, repo }) =>
      operation === 'lfs-batch' && sameRepo(repo ?? '', vision())
        ? { kind: 'status', status: 403, body: '{"error":"Private storage quota exceeded"}' }
        : undefined,
    );
    await publish();
    await testEnvironment().until('needs-attention', targetId(vision()));
    await expect.poll(stage, POLL).toBe('needs-attention');
    expect(await detailsOf(testEnvironment())).toMatch(
      /Private storage quota exceeded[\s\S]*Free storage on the Hub[\s\S]*`target\/acme\/[^`]*-vision`/,
    );
    const { out } = await run('status', entry().name);
    expect(out).toContain(`${entry().name}: needs-attention\n`);
    expect(out).toContain(`${targetId(vision())} is paused at uploading (hub/quota)`);
    stop();
    expect((await run('retry', entry().name)).out).toBe(`${targetId(vision())}: retry at uploading\n`);
    expect(await testEnvironment().result(entry())).toMatchObject({ outcome: 'published' });
    expect(await stage()).toBe('published');
  });

  it('is listed once by swp pending while one target is paused', async () => {
    testEnvironment().hub.on(({ operation, repo }) =>
      operation === 'lfs-batch' && sameRepo(repo ?? '', vision())
        ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' }
        : undefined,
    );
    await publish();
    await expect.poll(stage, POLL).toBe('needs-attention');
    const pending = async () =>
      (JSON.parse((await run('pending', '--json')).out) as { readonly entry: string; readonly workflow: string }[]).filter(
        (item) => item.entry === entry().name,
      );
    await expect.poll(pending, POLL).toMatchObject([{ workflow: targetId(vision()) }]);
    await run('abandon', entry().name, '--yes');
    await testEnvironment().result(entry());
  });
});

describe('a publish of two targets that is cancelled after one is committed', () => {
  const cancelHalfway = async (): Promise<void> => {
    const { reached } = holdAt(testEnvironment(), 'lfs-batch', vision());
    await publish();
    await Promise.all([reached, testEnvironment().untilTarget('published')]);
    await testEnvironment().handle().cancel();
    await testEnvironment()
      .result(entry())
      .catch(() => undefined);
  };

  it('ends with the result of each target', async () => {
    await cancelHalfway();
    expect(await testEnvironment().result(entry())).toMatchObject({
      outcome: 'abandoned',
      artifacts: [
        { kind: 'mtp', result: { outcome: 'published', receipt: { cameTooLate: null } } },
        { kind: 'vision', result: { outcome: 'abandoned', commit: 'none' } },
      ],
    });
    expect(await detailsOf(testEnvironment())).toContain(`\`${vision()}\`: abandoned: cancelled`);
    await testEnvironment().keep('cancelled-halfway', ['publish'], entry());
  });

  it('shows the result of each target in swp status and swp history', async () => {
    await cancelHalfway();
    const commit = await testEnvironment().hub.admin.head(testEnvironment().target);
    const { code, out } = await run('status', entry().name);
    expect([code, out]).toEqual([1, expect.stringContaining(`commit    ${commit}`)]);
    expect(out).not.toContain('as it was');
    expect(out).toContain(`vision ${vision()}: abandoned: cancelled`);
    const history = (await run('history', entry().name)).out;
    expect(history).toContain(`${testEnvironment().target}: published, commit ${commit}`);
    expect(history).toContain(`${vision()}: abandoned: cancelled`);
  });
});
