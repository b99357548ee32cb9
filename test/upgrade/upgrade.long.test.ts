import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { targetId } from '../../contract/names.js';
import { attemptsOfSteps } from '../support/steps.js';
import { swp } from '../support/swp.js';
import type { Repos } from '../sweep/scenario.js';
import { archiveCurrentCommit, keptBuilds, OlderBuild } from './older-build.js';
import { HELD_PART, OlderBuildScenario } from './older-build-scenario.js';

/** The server notices a dead worker by its missing heartbeat after fifteen seconds. */
const TIMEOUT_MS = 120_000;

const directory = await mkdtemp(join(tmpdir(), 'swp-current-build-'));
const builds = [await archiveCurrentCommit(directory), ...(await keptBuilds())];
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(builds)('a publish that $name started', { timeout: TIMEOUT_MS }, (archive) => {
  let older: OlderBuild;
  let scenario: OlderBuildScenario;
  beforeAll(async () => {
    older = await OlderBuild.unpack(archive);
    scenario = await OlderBuildScenario.open(older);
    await scenario.upgrade();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await scenario?.close();
    await older?.remove();
  });

  const run = (...argv: string[]) => swp(argv, { cwd: scenario.testEnvironment.directory, env: scenario.testEnvironment.clientEnv() });

  const approve = async ({ entry }: Repos, round = 1): Promise<void> => {
    const { digest } = await scenario.testEnvironment.planOf(round, entry);
    expect((await run('status', entry.name)).code).toBe(8);
    const { code, out } = await run('approve', entry.name, '--plan', digest);
    expect([code, out]).toEqual([0, expect.stringContaining('approved as reader')]);
  };

  /** Expects the publish to end published, and its target to pass `swp verify --full` of this build. */
  const expectPublished = async ({ entry, target }: Repos, rounds = 1): Promise<void> => {
    expect(await scenario.testEnvironment.result(entry)).toMatchObject({ outcome: 'published', rounds });
    const { code, out } = await run('verify', target, '--full');
    expect([code, out]).toEqual([0, expect.stringContaining(target)]);
  };

  const attempts = ({ target }: Repos) => attemptsOfSteps(scenario.testEnvironment.temporal, targetId(target));

  it.each(archive.kinds)('ends published from a %s plan that awaits approval', async (kind) => {
    await approve(scenario.of(kind));
    await expectPublished(scenario.of(kind));
  });

  it('ends published after a retry of a plan that could not be made', async () => {
    const unplanned = scenario.of('unplanned');
    expect((await run('retry', unplanned.entry.name)).code).toBe(0);
    await approve(unplanned, 2);
    await expectPublished(unplanned, 2);
  });

  it('ends published after a retry of a refused upload, without another build', async () => {
    const paused = scenario.of('paused');
    expect((await run('status', paused.entry.name)).out).toContain('hub/quota');
    expect((await run('retry', paused.entry.name)).code).toBe(0);
    await expectPublished(paused);
    expect(await attempts(paused)).toMatchObject({ buildArtifact: 1 });
  });

  it('continues an interrupted upload without sending a part again', async () => {
    const half = scenario.of('halfUploaded');
    await expectPublished(half);
    expect(await attempts(half)).toMatchObject({ buildArtifact: 1, uploadArtifact: 2 });
    expect(scenario.partsOfHalf()).toEqual(Array.from({ length: HELD_PART - 1 }, (_, at) => at + 1));
  });

  it('continues an interrupted build from its journal', async () => {
    const half = scenario.of('halfBuilt');
    await expectPublished(half);
    expect(await attempts(half)).toMatchObject({ buildArtifact: 2 });
    // The build reads the header with one request and compares it with two more. The heads lie in two ranges. Only the
    // second read is left, which splits each range in two.
    expect(scenario.readsOfJournalled()).toBe(3 + 2 * 2);
  });
});
