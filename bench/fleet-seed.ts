import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { buildPayload } from '../publish/build/build-payload.js';
import { commitSealed } from '../publish/commit/commit-sealed.js';
import { HostLarql } from '../publish/facts/host-larql.js';
import { planArtifacts } from '../publish/planning/plan-entry.js';
import { ScratchLayout } from '../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../publish/scratch/shared-inputs.js';
import { seal } from '../publish/seal/seal.js';
import { uploadSealed } from '../publish/upload/upload-sealed.js';
import { EntrySnapshot } from '../catalog/snapshot.js';
import { generateCheckpoint } from '../dev/checkpoint/generate.js';
import { startLocalHub } from '../dev/hub/index.js';
import { ONE_APPROVAL } from '../plan/approval.js';
import { swpTools } from '../publish/planning/tools.js';
import { hubAt } from '../test/support/hub-at.js';

export const FLEET_TOKENS = [
  { token: 'hf_benchreader', user: 'reader', orgs: ['bench'], role: 'read' as const },
  { token: 'hf_benchwriter', user: 'writer', orgs: ['bench'], role: 'write' as const },
];
const CONCURRENCY = 4;
const HOLDER = 'bench';

export interface Fleet {
  /** Directory of the hub, which no longer runs. */
  readonly directory: string;
  readonly catalog: string;
  readonly targets: number;
  readonly sources: number;
}

const entryOf = (at: number, sources: number): EntrySnapshot => {
  const key = `fleet-${String(at).padStart(4, '0')}`;
  const fields = { key, tier: 'smoke', mtp_source_repo: `labs/source-${at % sources}`, mtp_sidecar_repo: `bench/${key}` };
  return EntrySnapshot.parse({ name: `bench/${key}`, entry: fields });
};

/** Publishes `targets` sidecars with the steps of a publish, from `sources` shared repositories, and writes a catalog of their entries. */
export const seedFleet = async (root: string, targets: number, sources: number): Promise<Fleet> => {
  const directory = join(root, 'hub');
  const entries = Array.from({ length: targets }, (_, at) => entryOf(at, sources));
  const local = await startLocalHub({ directory, tokens: FLEET_TOKENS });
  for (let at = 0; at < sources; at += 1) {
    await local.admin.createRepo(`labs/source-${at}`);
    await local.admin.commitFiles(`labs/source-${at}`, generateCheckpoint({ seed: at + 1, size: 'small' }).files, {
      message: 'A checkpoint',
    });
  }
  const hub = hubAt(local.url, 'hf_benchwriter');
  const layout = new ScratchLayout(join(root, 'scratch'));
  const deps = {
    hub,
    layout,
    shared: new SharedInputs(hub.machine, layout),
    larql: new HostLarql(hub.machine, {}, layout, { fleetBlocks: null, allowStandIn: false }),
    shouldStop: () => false,
  };
  const { signal } = new AbortController();
  const report = (): void => undefined;
  const publish = async (entry: EntrySnapshot): Promise<void> => {
    const request = { entry, only: [], round: 1, host: null, previous: [] };
    const { entryPlan, digest, artifacts } = await planArtifacts({ hub, tools: swpTools(), proveShards: 1.5 }, request, signal);
    const [plan] = artifacts;
    if (plan === undefined) throw new Error(`${entry.name} has no artifact`);
    const decision = { round: 1, plan: digest, verdict: 'approve' as const, reviewer: 'ada', at: '2026-01-02T03:04:05.000Z' };
    const approved = { entryName: entry.name, entryPlan, plan, decision, terms: { policy: ONE_APPROVAL, startedBy: null } };
    // The payload is keyed by its recipe, so that targets with the same recipe share one build.
    const payload = await buildPayload(deps, { plan, holder: HOLDER, report, signal });
    const sealed = await seal(deps, approved, payload, signal);
    const to = { hub, sourceHub: hub, layout, shouldStop: () => false };
    const uploaded = await uploadSealed(to, approved, sealed, report, signal);
    if (uploaded.outcome !== 'uploaded') throw new Error(uploaded.reason);
    const committed = await commitSealed(to, approved, sealed, uploaded.parent, signal);
    if (committed.outcome !== 'committed') throw new Error(committed.reason);
  };
  // The first target of each source builds its payload; the others reuse it.
  await pMap(entries.slice(0, sources), publish, { concurrency: CONCURRENCY });
  await pMap(entries.slice(sources), publish, { concurrency: CONCURRENCY });
  await local.close();
  await mkdir(join(root, 'catalog'));
  const catalog = join(root, 'catalog', 'skulk-weights.yaml');
  await writeFile(catalog, 'include_foxlight: false\nsources:\n  - name: bench\n    path: entries.yaml\n');
  await writeFile(join(root, 'catalog', 'entries.yaml'), JSON.stringify({ models: entries.map(({ entry }) => entry) }));
  return { directory, catalog, targets, sources };
};
