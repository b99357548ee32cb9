import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NAMED_FAULTS } from '../../dev/hub/named-faults.js';
import { scriptFaults, type FaultRule } from '../../dev/hub/index.js';
import { RateBudget } from '../../hub/budget.js';
import { withBudget, type Hub } from '../../hub/hub.js';
import { commitOnce, type NewCommit } from '../../hub/write/commit.js';
import { config, newCommit, startTestHub, REPO, signal, tiny, type TestHub } from './support.js';

let test: TestHub;
let order: NewCommit;
beforeEach(async () => {
  test = await startTestHub();
  order = await newCommit(test, randomBytes(100));
});
afterEach(() => test.close());

const commit = (over: { readonly client?: Hub; readonly onSent?: () => void } = {}) =>
  commitOnce(over.client ?? test.client, order, {
    signal,
    treeMatches: () => Promise.resolve(true),
    ...(over.onSent === undefined ? {} : { onSent: over.onSent }),
  });
const commitByOther = (): Promise<unknown> =>
  test.hub.admin.commitFiles(REPO, new Map([['other', Buffer.from('x')]]), { message: 'Somebody else' });
const sent = (): number => test.hub.requests.filter(({ operation }) => operation === 'commit').length;
/** Injects this fault into the first commit request. */
const faultOnce = (fault: FaultRule['fault']): void => void test.hub.on(scriptFaults([{ operation: 'commit', fault }]).intercept);

const APPLIED = ['commit-504-page-applied', 'commit-401-applied', 'commit-308-applied', 'commit-525-applied', 'commit-504-applied'];

describe('a commit that was applied and answered with an error', () => {
  it.each(APPLIED)('is found after %s', async (name) => {
    const { operation, fault } = NAMED_FAULTS.get(name)!;
    test.hub.on(scriptFaults([{ operation, fault: fault(0) }]).intercept);
    expect(await commit()).toEqual({ outcome: 'committed', commit: await test.hub.admin.head(REPO), settled: 'found' });
    expect(sent()).toBe(1);
    expect(test.client.waits).toEqual([]);
  });

  it('is found below a later commit of another account', async () => {
    faultOnce({ kind: 'apply-then-status', status: 403 });
    let looked = false;
    test.hub.on(({ operation }) => {
      if (looked || operation !== 'model-info' || sent() === 0) return undefined;
      looked = true;
      return { kind: 'hold', until: commitByOther().then(() => undefined) };
    });
    const done = await commit();
    const [, ours] = await test.hub.admin.listCommits(REPO);
    expect(done).toEqual({ outcome: 'committed', commit: ours!.id, settled: 'found' });
    expect(sent()).toBe(1);
  });

  it('has an unknown outcome when the lookup fails', async () => {
    faultOnce({ kind: 'apply-then-status', status: 401 });
    test.hub.on(({ operation }) => (sent() > 0 && operation === 'model-info' ? { kind: 'status', status: 401 } : undefined));
    await expect(commit()).rejects.toMatchObject({
      code: 'hub/commit-unknown',
      kind: 'access',
      message: expect.stringMatching(/401.*SWP could not check this.*401/),
    });
  });
});

describe('a commit that was refused', () => {
  it('reports that the head is still its parent, after a second lookup', async () => {
    test.hub.on(({ operation }) => (operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined));
    await expect(commit()).rejects.toMatchObject({
      code: 'hub/forbidden',
      message: expect.stringContaining(`the head of ${REPO} is still ${order.parent}`),
    });
    expect(sent()).toBe(1);
    expect(test.client.waits).toHaveLength(1);
  });

  it('counts as sent', async () => {
    const onSent = vi.fn();
    faultOnce({ kind: 'status', status: 413 });
    await expect(commit({ onSent })).rejects.toMatchObject({ code: 'hub/too-large' });
    expect(onSent).toHaveBeenCalled();
  });
});

describe('a commit request', () => {
  it('counts as sent when its connection is cut', async () => {
    const onSent = vi.fn();
    faultOnce({ kind: 'reset', afterBytes: 10 });
    expect(await commit({ onSent })).toMatchObject({ outcome: 'committed' });
    expect(onSent).toHaveBeenCalledTimes(2);
  });

  it('does not count as sent when no connection was made', async () => {
    const onSent = vi.fn();
    const server = await tiny((_, response) => response.setHeader('connection', 'close').end(JSON.stringify({ sha: order.parent })));
    /** Closes the server after the lookup, before the commit request connects. */
    class ClosingBudget extends RateBudget {
      override async take(url: URL): Promise<void> {
        if (url.pathname.includes('/commit/')) await server.close();
      }
    }
    const sleep = (): Promise<void> => Promise.reject(new Error('the hub is away'));
    const hub = config(server.url);
    const clock = { ...hub.machine.clock, sleep };
    const client = withBudget({ ...hub, machine: { ...hub.machine, clock } }, new ClosingBudget(clock));
    await expect(commit({ client, onSent })).rejects.toThrow('the hub is away');
    expect(onSent).not.toHaveBeenCalled();
  });
});
