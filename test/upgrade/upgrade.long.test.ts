import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { targetId } from '../../contract/names.js';
import { attemptsOfSteps } from '../support/steps.js';
import { swp } from '../support/swp.js';
import type { Repos } from '../sweep/scenario.js';
import { archiveCurrentCommit, keptBuilds, OlderBuild } from './older-build.js';
import { HELD_PART, OlderBuildScenario } from './older-day.js';

/** A dead worker is noticed by its missing heartbeat, after fifteen seconds. */
const TIMEOUT_MS = 120_000;

const directory = await mkdtemp(join(tmpdir(), 'swp-current-build-'));
const builds = [await archiveCurrentCommit(directory), ...(await keptBuilds())];
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(builds)('what $name has begun ends on this build:', { timeout: TIMEOUT_MS }, (archive) => {
  let older: OlderBuild;
  let day: OlderBuildScenario;
  beforeAll(async () => {
    older = await OlderBuild.unpack(archive);
    day = await OlderBuildScenario.open(older);
    await day.upgrade();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await day?.close();
    await older?.remove();
  });

  const run = (...argv: string[]) => swp(argv, { cwd: day.testEnvironment.directory, env: day.testEnvironment.clientEnv() });

  const approve = async ({ entry }: Repos, round = 1): Promise<void> => {
    const { digest } = await day.testEnvironment.planOf(round, entry);
    expect((await run('status', entry.name)).code).toBe(8);
    const { code, out } = await run('approve', entry.name, '--plan', digest);
    expect([code, out]).toEqual([0, expect.stringContaining('approved by reader')]);
  };

  /** Ends published, and what readers get passes every check of this build. */
  const expectPublished = async ({ entry, target }: Repos, rounds = 1): Promise<void> => {
    expect(await day.testEnvironment.result(entry)).toMatchObject({ outcome: 'published', rounds });
    const { code, out } = await run('verify', target, '--full');
    expect([code, out]).toEqual([0, expect.stringContaining(target)]);
  };

  const attempts = ({ target }: Repos) => attemptsOfSteps(day.testEnvironment.temporal, targetId(target));

  it.each(archive.kinds)('a plan of kind %s that waits for approval', async (kind) => {
    await approve(day.of(kind));
    await expectPublished(day.of(kind));
  });

  it('a plan that could not be made, after retry', async () => {
    const unplanned = day.of('unplanned');
    expect((await run('retry', unplanned.entry.name)).code).toBe(0);
    await approve(unplanned, 2);
    await expectPublished(unplanned, 2);
  });

  it('an upload that was refused, after retry: what was built is not built again', async () => {
    const parked = day.of('parked');
    expect((await run('status', parked.entry.name)).out).toContain('hub/quota');
    expect((await run('retry', parked.entry.name)).code).toBe(0);
    await expectPublished(parked);
    expect(await attempts(parked)).toMatchObject({ buildArtifact: 1 });
  });

  it('an upload in the middle: no part that arrived is sent again', async () => {
    const half = day.of('halfUploaded');
    await expectPublished(half);
    expect(await attempts(half)).toMatchObject({ buildArtifact: 1, uploadArtifact: 2 });
    expect(day.partsOfHalf()).toEqual(Array.from({ length: HELD_PART - 1 }, (_, at) => at + 1));
  });

  it('a build in the middle: no tensor that was journalled is read again', async () => {
    const half = day.of('halfBuilt');
    await expectPublished(half);
    expect(await attempts(half)).toMatchObject({ buildArtifact: 2 });
    // Its header, with one request and two that compare it. Of its heads in two ranges only the second reading is still to
    // come, which cuts each in two.
    expect(day.readsOfJournalled()).toBe(3 + 2 * 2);
  });
});
