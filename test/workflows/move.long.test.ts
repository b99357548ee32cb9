import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRunning } from '../../temporal/running.js';
import { targetId } from '../../contract/names.js';
import type { TargetStatus } from '../../contract/messages.js';
import { freeze, type Matches } from '../support/freeze.js';
import { hostSteps } from '../support/host-steps.js';
import { TestEnvironment } from '../support/test-environment.js';

const POLL = { timeout: 30_000, interval: 50 };

let testEnvironment: TestEnvironment;
beforeEach(async () => {
  testEnvironment = await TestEnvironment.open('move');
});
afterEach(() => testEnvironment.close());

const isOperation =
  (operation: string): Matches =>
  (exchange) =>
    exchange.operation === operation;
const resolve = (action: string) => testEnvironment.targetHandle().executeUpdate('resolve', { args: [{ action }] });
const status = () => testEnvironment.targetHandle().query<TargetStatus>('target-status');
const hostsOf = async (step: string): Promise<string[]> =>
  (await hostSteps(testEnvironment.temporal.client, targetId(testEnvironment.target))).flatMap((found) =>
    found.step === step ? [found.host] : [],
  );
const pendingSteps = async (): Promise<string[]> =>
  (await readRunning(testEnvironment.temporal.client, targetId(testEnvironment.target)))?.steps.map(({ activity }) => activity) ?? [];

/** Starts and approves a publish whose first exchange of an operation is held. */
const holdAt = async (operation: string, kind: 'hold' | 'hold-after' = 'hold') => {
  await testEnvironment.start();
  await testEnvironment.planOf();
  const frozen = freeze(testEnvironment.hub, isOperation(operation), kind);
  await testEnvironment.approve();
  await frozen.reached;
  const { host } = await status();
  return { ...frozen, first: host ?? '' };
};

describe('a target whose step runs on a host', () => {
  it.each([
    ['building', 'cdn', { buildArtifact: 2, uploadArtifact: 1 }],
    ['uploading', 'lfs-batch', { buildArtifact: 2, uploadArtifact: 2 }],
  ])('stops the step on a move while %s, and the next host finishes it', async (step, operation, times) => {
    const { first, thaw } = await holdAt(operation);
    const second = await testEnvironment.startHost('second');
    expect(await resolve('move')).toEqual({ step, action: 'move' });
    thaw();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(await testEnvironment.ourCommits()).toBe(1);
    for (const [name, count] of Object.entries(times)) expect(await hostsOf(name)).toEqual(count === 2 ? [first, second] : [second]);
    expect(await hostsOf('commitArtifact')).toEqual([second]);
    // The previous host is still alive and has freed its resources.
    expect(await hostsOf('freeHost')).toEqual([first, second]);
  });

  it('waits for another host after a move and shows the previous one', async () => {
    const { first, thaw } = await holdAt('lfs-batch');
    await resolve('move');
    thaw();
    await expect.poll(pendingSteps, POLL).toEqual(['claimHost']);
    expect(await status()).toMatchObject({ stage: 'building', host: null, previousHost: first });
    await expect(resolve('move')).rejects.toMatchObject({
      cause: { message: expect.stringContaining(`it has already left host ${first}, and waits for another host`) },
    });
    await testEnvironment.startHost('second');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect((await status()).previousHost).toBeNull();
  });

  it.each(['retry', 'abandon'])('rejects %s because nothing is paused', async (action) => {
    const { thaw } = await holdAt('lfs-batch');
    await expect(resolve(action)).rejects.toMatchObject({ cause: { message: expect.stringContaining('This workflow is not paused') } });
    thaw();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('rejects a move while verifying because verification needs no host', async () => {
    await testEnvironment.start();
    await testEnvironment.planOf();
    let verifying = false;
    const { reached, thaw } = freeze(
      testEnvironment.hub,
      ({ operation, file }) => verifying && operation === 'resolve' && file !== undefined,
      'hold',
    );
    testEnvironment.hub.on(({ operation }) => {
      verifying ||= operation === 'commit';
      return undefined;
    });
    await testEnvironment.approve();
    await reached;
    await expect(resolve('move')).rejects.toMatchObject({ cause: { message: expect.stringContaining('no step runs on a host now') } });
    thaw();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });
});

describe('a commit whose host is left before its answer arrives', () => {
  /** Holds the first commit at the Hub and moves the publish; the Hub applies the commit later even if its client is gone. */
  const leaveAtCommit = async () => {
    let commits = 0;
    await testEnvironment.start();
    await testEnvironment.planOf();
    const { reached, thaw } = freeze(testEnvironment.hub, ({ operation }) => operation === 'commit' && ++commits === 1, 'hold');
    await testEnvironment.approve();
    await reached;
    const { host } = await status();
    expect(await resolve('move')).toEqual({ step: 'committing', action: 'move' });
    return { first: host ?? '', arrive: thaw };
  };
  const commitStatuses = () => testEnvironment.hub.requests.flatMap((request) => (request.operation === 'commit' ? [request.status] : []));
  const arrived = () => expect.poll(() => testEnvironment.ourCommits().catch(() => 0), POLL).toBe(1);

  it('is made by the next host, and the Hub refuses the late first one', async () => {
    const { first, arrive } = await leaveAtCommit();
    const second = await testEnvironment.startHost('second');
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 1 });
    expect(await hostsOf('commitArtifact')).toEqual([first, second]);
    const head = await testEnvironment.hub.admin.head(testEnvironment.target);
    arrive();
    await expect.poll(commitStatuses, POLL).toEqual([412, 200]);
    expect(await testEnvironment.hub.admin.head(testEnvironment.target)).toBe(head);
    expect(await testEnvironment.ourCommits()).toBe(1);
    await testEnvironment.keep('moved-at-commit', ['target']);
  });

  it.each([
    ['builds', 'cdn', 1],
    ['uploads', 'lfs-batch', 2],
  ])('is recognized as ours and not repeated when it arrives while the next host %s', async (_, operation, commitSteps) => {
    const { arrive } = await leaveAtCommit();
    const { reached, thaw } = freeze(testEnvironment.hub, isOperation(operation), 'hold');
    const second = await testEnvironment.startHost('second');
    await reached;
    expect(await hostsOf('buildArtifact')).toContain(second);
    arrive();
    await arrived();
    thaw();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', rounds: 1 });
    expect(await hostsOf('commitArtifact')).toHaveLength(commitSteps);
    expect(commitStatuses()).toHaveLength(1);
    expect(await testEnvironment.ourCommits()).toBe(1);
  });

  it('makes a later cancel come too late when it has arrived', async () => {
    const { arrive } = await leaveAtCommit();
    await expect.poll(pendingSteps, POLL).toEqual(['claimHost']);
    arrive();
    await arrived();
    await testEnvironment.handle().cancel();
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { cameTooLate: 'cancel' } } }],
    });
  });

  it('has an unknown outcome when the publish is cancelled before it arrives', async () => {
    await leaveAtCommit();
    await expect.poll(pendingSteps, POLL).toEqual(['claimHost']);
    await testEnvironment.handle().cancel();
    const head = await testEnvironment.hub.admin.head(testEnvironment.target);
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'abandoned',
      artifacts: [
        {
          result: {
            commit: 'unknown',
            reason: expect.stringMatching(`its head is still ${head}.*may still arrive: check with swp verify`),
          },
        },
      ],
    });
    expect(await testEnvironment.ourCommits()).toBe(0);
  });
});
