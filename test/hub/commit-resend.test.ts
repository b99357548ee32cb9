import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SwpError } from '../../core/error.js';
import type { Fault } from '../../dev/hub/index.js';
import { RateBudget } from '../../hub/budget.js';
import { withBudget, type Hub } from '../../hub/hub.js';
import { commitOnce, type NewCommit } from '../../hub/write/commit.js';
import { newCommit, startTestHub, signal as never, type TestHub } from './support.js';

let test: TestHub;
let order: NewCommit;
beforeEach(async () => {
  test = await startTestHub();
  order = await newCommit(test, Buffer.from('hi'));
});
afterEach(() => test.close());

const commit = (over: Partial<Hub> = {}, signal = never, treeMatches = () => Promise.resolve(true)) =>
  commitOnce({ ...test.client, ...over }, order, { signal, treeMatches });
const count = (wanted: string): number => test.hub.requests.filter(({ operation }) => operation === wanted).length;
/** Answers this many commit requests with these faults, in turn. */
const answerCommits = (times: number, ...faults: readonly Fault[]): void => {
  test.hub.on(({ operation }) =>
    operation === 'commit' && count('commit') <= times ? faults[(count('commit') - 1) % faults.length] : undefined,
  );
};
const status = (code: number, body = '{"error":"no"}', headers = {}): Fault => ({ kind: 'status', status: code, body, headers });
const caught = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

describe('a commit request that the head shows to have failed', () => {
  it.each<[string, Fault]>([
    ['a conflict', status(409)],
    ['a failed precondition', status(412)],
    ['an answer that is not JSON', status(200, 'fine')],
    ['a status for later', status(429)],
    ['an error of the server', status(500)],
  ])('is sent again after %s', async (_, fault) => {
    answerCommits(1, fault);
    expect(await commit()).toMatchObject({ outcome: 'committed', settled: 'answered' });
    expect(count('commit')).toBe(2);
  });

  it.each<[string, Fault, object]>([
    ['a refusal', status(400, '{"error":"Bad request"}'), { kind: 'conflict', code: 'hub/refused', hint: undefined }],
    ['a missing permission', status(403), { kind: 'access', code: 'hub/forbidden', hint: expect.stringContaining('token') }],
    ['a missing object', status(400, '{"error":"an LFS pointer is broken"}'), { kind: 'conflict', code: 'hub/lfs-missing' }],
    ['a missing page about LFS', status(404, '{"error":"no LFS pointer"}'), { kind: 'not-found', code: 'hub/not-found' }],
    ['an error of the quota', status(413), { kind: 'quota', code: 'hub/too-large' }],
  ])('is not sent again after %s', async (_, fault, expected) => {
    answerCommits(9, fault);
    expect(await caught(commit())).toMatchObject(expected);
    expect(count('commit')).toBe(1);
  });

  it('is sent again after waits that double up to a minute, as often as the client permits', async () => {
    answerCommits(99, status(500));
    await expect(commit({ attempts: 6 })).rejects.toMatchObject({ code: 'hub/unavailable' });
    expect(count('commit')).toBe(6);
    expect(test.client.waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('waits as long as the Hub requests', async () => {
    answerCommits(2, status(503, '', { 'retry-after': '7' }));
    await commit();
    expect(test.client.waits).toEqual([7_000, 10_000]);
  });

  it('is reported with its error, the wait, and the time since the first request', async () => {
    answerCommits(2, status(503), status(409));
    const onRetry = vi.fn<NonNullable<Hub['onRetry']>>();
    const begunAt = performance.now();
    await commit({ onRetry });
    const elapsedMs = performance.now() - begunAt;
    expect(onRetry.mock.calls.map(([{ code }, waitMs]) => [code, waitMs])).toEqual([
      ['hub/unavailable', 5_000],
      ['hub/conflict', 10_000],
    ]);
    for (const [, , failingMs] of onRetry.mock.calls) {
      expect(failingMs).toBeGreaterThan(0);
      expect(failingMs).toBeLessThanOrEqual(elapsedMs);
    }
  });
});

describe('a commit request that fails in this process', () => {
  const broken = new Error('out of memory');
  /** Fails before the first commit request. */
  class BrokenBudget extends RateBudget {
    override take(url: URL): Promise<void> {
      return url.pathname.includes('/commit/') ? Promise.reject(broken) : Promise.resolve();
    }
  }

  it('passes on its error, after the lookup', async () => {
    const onRetry = vi.fn();
    expect(await caught(commit(withBudget({ ...test.client, onRetry }, new BrokenBudget(test.client.machine.clock))))).toBe(broken);
    expect(onRetry).not.toHaveBeenCalled();
    expect(count('model-info')).toBe(3);
  });

  it('ends without a lookup when it is cancelled', async () => {
    const cancelled = new AbortController();
    test.hub.on(({ operation }) => {
      if (operation === 'commit') cancelled.abort(new Error('cancelled'));
      return undefined;
    });
    await expect(commit({}, cancelled.signal)).rejects.toThrow('cancelled');
    expect(count('model-info')).toBe(1);
  });

  it('passes on an error of the comparison of trees', async () => {
    answerCommits(1, { kind: 'apply-then-status', status: 500 });
    expect(await caught(commit({}, never, () => Promise.reject(broken)))).toBe(broken);
  });
});

describe('an unknown outcome', () => {
  it.each([
    ['the hint of the lookup', 401, 'access', expect.stringContaining('HF_TOKEN')],
    ['a hint to retry when the lookup has none', 400, 'conflict', expect.stringMatching(/^Retry/)],
  ])('has %s', async (_, code, kind, hint) => {
    answerCommits(1, status(500));
    test.hub.on(({ operation }) => (operation === 'model-info' && count('commit') > 0 ? status(code) : undefined));
    const error = await caught(commit());
    expect(error).toBeInstanceOf(SwpError);
    expect(error).toMatchObject({ code: 'hub/commit-unknown', kind, hint });
  });
});
