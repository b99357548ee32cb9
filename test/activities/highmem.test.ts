import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage } from '@temporalio/activity';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ClaimRequest } from '../../contract/publish-activities.js';
import { createHighmemActivities } from '../../activities/highmem.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { HostLarql } from '../../publish/facts/host-larql.js';
import { openScratch } from '../../publish/scratch/open-scratch.js';
import { scratchParts, type ScratchParts } from '../../publish/scratch/scratch-parts.js';
import { EntrySnapshot } from '../../catalog/snapshot.js';
import type { Digest } from '../../core/ids.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { startLocalHub } from '../../dev/hub/index.js';
import { openHub, type Hub } from '../../hub/hub.js';
import { planHere } from '../support/publish-here.js';

const RECIPE = `sha256:${'a'.repeat(64)}` as Digest;
const HUB = openHub({ endpoint: new URL('http://127.0.0.1:9') }, THIS_MACHINE);
const request = (holder: string, over: Partial<ClaimRequest> = {}): ClaimRequest => ({
  holder,
  recipeDigest: RECIPE,
  diskBytes: 1,
  excludedHost: null,
  ...over,
});

let directory: string;
let parts: ScratchParts;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-highmem-'));
  parts = scratchParts(THIS_MACHINE, await openScratch(THIS_MACHINE, directory), 1);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs a step in an activity context and returns its number of heartbeats. */
const countHeartbeats = async (
  step: (activities: ReturnType<typeof createHighmemActivities>) => Promise<unknown>,
  hub: Hub = HUB,
  attempt = 1,
): Promise<number> => {
  let beats = 0;
  const context = {
    info: { attempt, workflowExecution: { workflowId: 'target/acme/x' } },
    cancellationSignal: new AbortController().signal,
    heartbeat: () => void (beats += 1),
    log: {},
  };
  const activities = createHighmemActivities({
    ...parts,
    host: 'here',
    larql: new HostLarql(THIS_MACHINE, {}, parts.layout, { fleetBlocks: null, allowStandIn: false }),
    writeHub: hub,
    sourceHub: hub,
    targets: null,
    uploadRate: null,
    busyRetryMs: 1,
    deferMs: 1,
    defersClaims: true,
    shouldStop: () => false,
  });
  await asyncLocalStorage.run(context as never, () => step(activities));
  return beats;
};

describe('a step of a high-memory host', () => {
  it('sends a heartbeat for a claim, granted or refused', async () => {
    expect(await countHeartbeats(({ claimHost }) => claimHost(request('one')))).toBeGreaterThan(0);
    const refused = countHeartbeats(({ claimHost }) =>
      claimHost(request('two')).then(
        () => Promise.reject(new Error('granted')),
        () => undefined,
      ),
    );
    expect(await refused).toBeGreaterThan(0);
  });

  it.each(['slot', 'everything'] as const)('sends a heartbeat for the release of %s', async (what) => {
    await parts.claims.claim({ holder: 'one', recipeDigest: RECIPE, diskBytes: 1, memoryBytes: 1 });
    expect(await countHeartbeats(({ freeHost }) => freeHost({ holder: 'one', recipeDigest: RECIPE, what }))).toBeGreaterThan(0);
  });
});

describe('a commit step that fails before it sends anything', () => {
  it.each([
    [1, 'nothing-sent'],
    [2, 'nothing-sent-now'],
  ])('fails in attempt %i with the detail %s', async (attempt, detail) => {
    const nothing = { approved: {}, manifestDigest: RECIPE, parent: 'a'.repeat(40) } as never;
    await expect(countHeartbeats(({ commitArtifact }) => commitArtifact(nothing), HUB, attempt)).rejects.toMatchObject({ detail });
  });
});

describe('a release', () => {
  it('does not wait for the deletion', async () => {
    await parts.claims.claim({ holder: 'one', recipeDigest: RECIPE, diskBytes: 1, memoryBytes: 1 });
    const build = parts.layout.build(RECIPE);
    await mkdir(build, { recursive: true });
    await writeFile(join(build, 'weights'), 'x');
    let finish = (): void => undefined;
    const deleting = new Promise<void>((resolve) => (finish = resolve));
    parts.trash.empty = () => deleting;
    await countHeartbeats(({ freeHost }) => freeHost({ holder: 'one', recipeDigest: RECIPE, what: 'everything' }));
    expect(await parts.trash.bytes()).toBe(1);
    finish();
  });
});

describe('a build', () => {
  it('empties the trash, whose space its claim relies on', async () => {
    const token = 'hf_writer';
    const hub = await startLocalHub({
      directory: join(directory, 'hub'),
      tokens: [{ token, user: 'writer', orgs: ['acme'], role: 'write' }],
    });
    onTestFinished(() => hub.close());
    await hub.admin.createRepo('labs/model');
    await hub.admin.commitFiles('labs/model', generateCheckpoint({ seed: 7, size: 'small' }).files, { message: 'A model' });
    const fields = { key: 'x', tier: 'smoke', mtp_source_repo: 'labs/model', mtp_sidecar_repo: 'acme/model-mtp' };
    const entry = EntrySnapshot.parse({ name: 'acme/x', entry: fields });
    const { approved, deps } = await planHere(entry, { hub, token, directory });
    await writeFile(join(directory, 'old'), 'x');
    await parts.trash.discard(join(directory, 'old'));
    parts.trash.emptyInBackground = () => undefined;
    await countHeartbeats(({ buildArtifact }) => buildArtifact(approved), deps.hub);
    expect(await parts.trash.bytes()).toBe(0);
  });
});
