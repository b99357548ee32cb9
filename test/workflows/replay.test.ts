import { readdir, readFile, writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';
import { HISTORIES } from '../support/keep-history.js';
import { quietRuntime } from '../support/runtime.js';
import { workflowBundle } from '../support/temporal.js';

quietRuntime();

const shapes = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json')).toSorted();
const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(HISTORIES, name), 'utf8'));
const idOf = (name: string): string => {
  if (name.includes('.revalidate.')) return 'revalidate/replayed';
  if (name.includes('.campaign.')) return 'campaign/replayed';
  return name.includes('.target.') ? 'target/acme/replayed' : 'publish/test/replayed';
};

// From 1.0.0 on, a history that fails here stands for a publish that still runs somewhere. Never record it again: put the
// change behind patched(), and keep the new shape beside the old one.
describe('the committed histories', () => {
  it('include every known shape of a workflow', () => {
    expect(shapes.map((name) => name.replace(/\.json$/, ''))).toEqual([
      'abandoned-too-late.target',
      'abandoned-unknown.target',
      'abandoned.publish',
      'abandoned.target',
      'approved.campaign',
      'blocked.publish',
      'cancelled-at-commit.target',
      'cancelled-halfway.publish',
      'cancelled-late.publish',
      'cancelled-late.target',
      'cancelled-unknown.publish',
      'cancelled-unknown.target',
      'cancelled.publish',
      'cancelled.target',
      'collected.target',
      'collection-only.publish',
      'collection-only.target',
      'commit-not-there.target',
      'continued.campaign',
      'expired.publish',
      'metadata-only.target',
      'moved-after-commit.target',
      'moved-at-commit.target',
      'moved.target',
      'nightly.revalidate',
      'published-by-signal.publish',
      'published-by-signal.target',
      'rejected.publish',
      'release-rejected.target',
      'released.publish',
      'released.target',
      'retried.target',
      'stale.publish',
      'three-rounds.publish',
      'two-approvals.publish',
      'two-targets.publish',
      'unchanged.publish',
      'waited.publish',
      'weekly.revalidate',
      'wrong-oid.target',
    ]);
  });

  it('replay with the current workflows', async () => {
    const histories = await Promise.all(shapes.map(async (name) => ({ workflowId: `${idOf(name)}/${name}`, history: await read(name) })));
    const failures: string[] = [];
    let replayed = 0;
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: workflowBundle() }, histories)) {
      replayed += 1;
      if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
    }
    expect({ replayed, failures }).toEqual({ replayed: shapes.length, failures: [] });
  });
});

it('a replay detects an incompatible change of the workflows', async () => {
  const changed = await bundleWorkflowCode({
    workflowsPath: join(projectRoot(), 'test', 'workflows', 'incompatible.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const codePath = join(await mkdtemp(join(tmpdir(), 'swp-incompatible-')), 'workflows.js');
  await writeFile(codePath, changed.code);
  const replay = Worker.runReplayHistory(
    { workflowBundle: { codePath } },
    await read('published-by-signal.publish.json'),
    'publish/test/replayed',
  );
  await expect(replay).rejects.toThrow(DeterminismViolationError);
});
