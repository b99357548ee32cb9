import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Approval } from '../../plan/approval.js';
import { parseProvenance } from '../../plan/provenance.js';
import { targetId } from '../../contract/names.js';
import { readRuns } from '../../temporal/publish-runs.js';
import { moveTargetAtCommit } from '../support/other-writer.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('release');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const target = () => testEnvironment.temporal.client.workflow.getHandle(targetId(testEnvironment.target));
const awaitRelease = async (): Promise<Approval> => {
  await testEnvironment.untilTarget('awaiting-release');
  const { release } = await target().query<{ release: Approval }>('target-status');
  return release;
};
const decide = (manifest: unknown, verdict = 'approve', note?: string) =>
  target().executeUpdate('decide', { args: [{ manifest, verdict, reviewer: 'eve', ...(note === undefined ? {} : { note }) }] });
/** Starts a publish with reviewed artifacts, approves its plan, and returns the release that it waits for. */
const start = async (): Promise<Approval> => {
  await testEnvironment.start(undefined, [], { reviewArtifacts: true });
  await testEnvironment.approve();
  return awaitRelease();
};

describe('a sealed artifact', () => {
  it('is not published before its manifest is approved, and its provenance records the release', async () => {
    const { manifest } = await start();
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
    await decide(manifest);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { manifest } } }] });
    const text = (await testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', 'provenance.json')).toString();
    expect(parseProvenance(text).predicate.buildDefinition.internalParameters.decisions).toMatchObject([
      { reviewer: 'ada', verdict: 'approve' },
      { reviewer: 'eve', verdict: 'approve', manifest },
    ]);
    await testEnvironment.keep('released', ['publish', 'target']);
  });

  it('can be released by signal', async () => {
    const { manifest } = await start();
    await target().signal('review', { manifest, verdict: 'approve', reviewer: 'eve' });
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });

  it('cannot be released with the digest of the plan', async () => {
    const { plan, manifest } = await start();
    await expect(decide(plan)).rejects.toMatchObject({ cause: { type: 'DecisionRefused' } });
    await expect(target().executeUpdate('decide', { args: [{ plan, verdict: 'approve', reviewer: 'eve' }] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('manifest') },
    });
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
    await decide(manifest, 'reject');
    await testEnvironment.result();
  });

  it('is removed from the scratch when it is rejected, and no target is created', async () => {
    const { manifest } = await start();
    await decide(manifest, 'reject', 'wrong heads');
    expect(await testEnvironment.result()).toMatchObject({
      outcome: 'rejected',
      artifacts: [{ result: { outcome: 'rejected', reason: expect.stringContaining('wrong heads') } }],
    });
    expect(await testEnvironment.hub.admin.exists(testEnvironment.target)).toBe(false);
    expect(await readdir(testEnvironment.layout().builds)).toEqual([]);
    await testEnvironment.keep('release-rejected', ['target']);
  });

  it('frees its build slot while it waits', async () => {
    const { manifest } = await start();
    const claims = await readdir(testEnvironment.layout().claims);
    expect(claims).toHaveLength(1);
    expect(JSON.parse(await readFile(join(testEnvironment.layout().claims, claims[0]!), 'utf8'))).toMatchObject({ slot: false });
    await decide(manifest, 'reject');
    await testEnvironment.result();
  });

  it('is built again with the same manifest when it is lost before its upload', async () => {
    const { manifest } = await start();
    await rm(testEnvironment.layout().builds, { recursive: true });
    await decide(manifest);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { manifest } } }] });
  });

  it('keeps the decision about its release when its target moves before the commit', async () => {
    await moveTargetAtCommit(testEnvironment);
    const { manifest } = await start();
    await decide(manifest);
    const second = await testEnvironment.planOf(2);
    const newest = async () => (await readRuns(testEnvironment.temporal, testEnvironment.entry().name, 1))[0]!;
    const release = { reviewer: 'eve', round: 1, manifest };
    expect(await newest()).toMatchObject({ plan: second.digest, round: 2, decisions: [{ reviewer: 'ada' }, release] });
    await testEnvironment.approve(2);
    await expect
      .poll(async () => (await target().query<{ stage: string }>('target-status')).stage, { timeout: 20_000 })
      .toBe('awaiting-release');
    expect((await newest()).decisions).toMatchObject([{ reviewer: 'ada', round: 1 }, { reviewer: 'ada', round: 2 }, release]);
    await testEnvironment.handle().cancel();
    await expect(testEnvironment.result()).rejects.toThrow();
  });

  it('expires when it is not released in time', async () => {
    const hasty = await TestEnvironment.open('hasty', { decideWithinMs: 4_000 });
    onTestFinished(() => hasty.close());
    await hasty.start(undefined, [], { reviewArtifacts: true });
    await hasty.approve();
    await hasty.untilTarget('awaiting-release');
    expect(await hasty.result()).toMatchObject({ outcome: 'expired' });
    expect(await hasty.hub.admin.exists(hasty.target)).toBe(false);
  });
});
