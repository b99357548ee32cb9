import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RepoId, sameRepo } from '../../core/ids.js';
import { targetId } from '../../contract/names.js';
import { freeze, type Freeze } from '../support/freeze.js';
import { keepHistory } from '../support/keep-history.js';
import { scheduledSteps } from '../support/steps.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

/** A cancel waits a minute for the commit, then half a minute for the lookup. */
const TIMEOUT_MS = 240_000;

type Name = 'slow' | 'away' | 'unsent';

let testEnvironment: TestEnvironment;
const targetOf = (name: Name): RepoId => RepoId.parse(`Acme/${testEnvironment.queue}-${name}`);
const entryOf = (name: Name) => testEnvironment.entry({ mtp_sidecar_repo: targetOf(name) }, `${testEnvironment.queue}-${name}`);
const parentOf = async (name: Name) => (await testEnvironment.hub.admin.listCommits(targetOf(name))).at(-1)!.id;
const verify = (name: Name) => swp(['verify', targetOf(name)], { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const stepsOf = (name: Name) => scheduledSteps(testEnvironment.temporal, targetId(targetOf(name)));
const holdCommit = (name: Name): Freeze =>
  freeze(testEnvironment.hub, ({ operation, repo }) => operation === 'commit' && sameRepo(repo ?? '', targetOf(name)), 'hold');

const commits = new Map<Name, Freeze>();
let isUnavailable = false;

/** Cancels three publishes together while they commit, so that the tests wait only once. */
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('cancel-at-commit');
  testEnvironment.hub.on(({ operation, repo }) =>
    isUnavailable && (operation === 'model-info' || operation === 'commits') && sameRepo(repo ?? '', targetOf('away'))
      ? { kind: 'status', status: 503 }
      : undefined,
  );
  for (const name of ['slow', 'away'] as const) {
    commits.set(name, holdCommit(name));
    await testEnvironment.start(entryOf(name));
    await testEnvironment.approve(1, entryOf(name));
    await commits.get(name)!.reached;
  }
  isUnavailable = true;
  // The first host has two build slots.
  await testEnvironment.startHost('second');
  await testEnvironment.start(entryOf('unsent'));
  await testEnvironment.planOf(1, entryOf('unsent'));
  // The card is checked before the commit is sent.
  const check = freeze(testEnvironment.hub, ({ operation }) => operation === 'validate-yaml', 'hold');
  await testEnvironment.approve(1, entryOf('unsent'));
  await check.reached;
  for (const name of ['slow', 'away', 'unsent'] as const) await testEnvironment.handle(entryOf(name)).cancel();
}, TIMEOUT_MS);
afterAll(() => testEnvironment.close());

describe('a cancel while the commit is in progress', { timeout: TIMEOUT_MS }, () => {
  it('ends cancelled without a lookup when nothing was sent', async () => {
    await expect(testEnvironment.result(entryOf('unsent'))).rejects.toThrow();
    expect((await testEnvironment.handle(entryOf('unsent')).describe()).status.name).toBe('CANCELLED');
    expect(await stepsOf('unsent')).not.toHaveProperty('findCommit');
  });

  it('names the head that it saw when the request may still arrive', async () => {
    const { artifacts } = await testEnvironment.result(entryOf('slow'));
    const reason = expect.stringMatching(`its head is still ${await parentOf('slow')}.*may still arrive: check with swp verify`) as string;
    expect(artifacts).toMatchObject([{ result: { outcome: 'abandoned', commit: 'unknown', reason } }]);
    expect(await stepsOf('slow')).toMatchObject({ findCommit: 1 });
    await keepHistory(testEnvironment.temporal.client, targetId(targetOf('slow')), 'cancelled-at-commit.target');
  });

  it('reports an unknown outcome when the Hub is unavailable, and swp verify finds the commit later', async () => {
    const { artifacts, plan } = await testEnvironment.result(entryOf('away'));
    const reason = expect.stringContaining(`Outcome unknown: last seen head ${await parentOf('away')}`) as string;
    expect(artifacts).toMatchObject([{ result: { outcome: 'abandoned', commit: 'unknown', reason } }]);
    isUnavailable = false;
    commits.get('away')!.thaw();
    await expect.poll(async () => (await verify('away')).out, { timeout: 30_000 }).toContain(': intact');
    expect((await verify('away')).out).toContain(plan);
  });
});
