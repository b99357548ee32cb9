import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hub } from '../../hub/hub.js';
import { makePayload } from '../../publish/build/make-payload.js';
import { commitSealed } from '../../publish/commit/commit-sealed.js';
import { HostLarql } from '../../publish/facts/host-larql.js';
import { planEntry } from '../../publish/planning/plan-entry.js';
import { ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../../publish/scratch/shared-inputs.js';
import { seal } from '../../publish/seal/seal.js';
import { uploadSealed } from '../../publish/upload/upload-sealed.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import type { LocalHub } from '../../dev/hub/index.js';
import { ONE_APPROVAL } from '../../plan/approval.js';
import type { ApprovedArtifact } from '../../plan/approved.js';
import { describeBytes, makeManifest, manifestDigest } from '../../plan/manifest.js';
import { parseProvenance, PROVENANCE_PATH, provenanceText, type Provenance } from '../../plan/provenance.js';
import { hubAt } from './hub-at.js';

export interface PublishHere {
  readonly hub: LocalHub;
  /** A token that may write to the target. */
  readonly token: string;
  /** Parent directory of the scratch. */
  readonly directory: string;
  /** Environment in which larql is looked up. */
  readonly env?: NodeJS.ProcessEnv;
}

const TOOLS = { swp: '0.1.0' };
const HOLDER = 'publish-here';

/** Settings of a host that may run the stand-in. */
export const LARQL_SETTINGS = { fleetBlocks: 'early', allowStandIn: true } as const;

export interface PlanOptions {
  /** Environment in which larql is looked up. */
  readonly env?: NodeJS.ProcessEnv;
  readonly round?: number;
  /** The larql of the host, if it is known already. */
  readonly larql?: Pick<HostLarql, 'env' | 'ready' | 'facts'>;
}

/** Plans and approves the only artifact of an entry, and returns everything that its steps need. */
export const planWith = async (
  entry: EntrySnapshot,
  hub: Hub,
  layout: ScratchLayout,
  { env = {}, round = 1, larql = new HostLarql(hub.machine, env, layout, LARQL_SETTINGS) }: PlanOptions = {},
) => {
  const { signal } = new AbortController();
  const report = (): void => undefined;
  const host = { host: 'here', availableDiskBytes: 1e15, larql: await larql.facts(signal), sources: [], targets: [] };
  const { entryPlan, digest, artifacts } = await planEntry(
    { hub, tools: TOOLS, proveShards: 1.5, decideWithinMs: 1, approvals: ONE_APPROVAL },
    { entry, only: [], round, host, previous: [] },
    signal,
  );
  const plan = artifacts[0]!;
  const approved: ApprovedArtifact = {
    entryName: entry.name,
    entryPlan,
    plan,
    decision: { round, plan: digest, verdict: 'approve', reviewer: 'ada', at: '2026-01-02T03:04:05.000Z' },
    terms: { policy: ONE_APPROVAL, startedBy: null },
  };
  const deps = { hub, layout, shared: new SharedInputs(hub.machine, layout), larql, shouldStop: () => false };
  return { deps, approved, order: { plan, holder: HOLDER, report, signal } };
};

/** Plans and approves the only artifact of an entry in a scratch of its own. */
export const planHere = async (entry: EntrySnapshot, { hub, token, directory, env }: PublishHere) =>
  planWith(
    entry,
    hubAt(hub.url, token),
    new ScratchLayout(await mkdtemp(join(directory, 'published-from-'))),
    env === undefined ? {} : { env },
  );

/** Builds, seals, uploads and commits a planned artifact. */
export const publishPlanned = async ({ deps, approved, order }: Awaited<ReturnType<typeof planWith>>) => {
  const { hub, layout } = deps;
  const { report, signal } = order;
  const payload = await makePayload(deps, order);
  const sealed = await seal(deps, approved, payload, signal);
  const target = { hub, sourceHub: hub, layout, shouldStop: () => false };
  const uploaded = await uploadSealed(target, approved, sealed, report, signal);
  if (uploaded.outcome !== 'uploaded') throw new Error(`upload: ${uploaded.reason}`);
  const committed = await commitSealed(target, approved, sealed, uploaded.parent, signal);
  if (committed.outcome !== 'committed') throw new Error(`commit: ${committed.reason}`);
  return committed;
};

/** Publishes the only artifact of an entry by running the steps of a publish directly, without a Temporal server. */
export const publishHere = async (entry: EntrySnapshot, here: PublishHere): Promise<void> => {
  await publishPlanned(await planHere(entry, here));
};

/** The content of a target as a dishonest host would publish it: its provenance matches the forged files. */
export interface Forged {
  readonly files: Map<string, Uint8Array>;
  /** The forged provenance. Its list of files is derived from `files`. */
  provenance: Provenance;
}

/** Publishes a target again with changed content and a provenance that matches the change. */
export const forge = async (local: LocalHub, repo: string, change: (forged: Forged) => void): Promise<void> => {
  const [head] = await local.admin.listCommits(repo);
  const files = new Map<string, Uint8Array>();
  for (const path of head!.files.keys()) if (path !== '.gitattributes') files.set(path, await local.admin.readFile(repo, head!.id, path));
  const forged: Forged = { files, provenance: parseProvenance(files.get(PROVENANCE_PATH)!) };
  files.delete(PROVENANCE_PATH);
  change(forged);
  const manifest = makeManifest([...files].map(([path, bytes]) => describeBytes(path, bytes)));
  const subject = manifest.files.map(({ path, size, sha256, gitBlob }) => ({
    name: path,
    digest: { sha256, ...(gitBlob === undefined ? {} : { gitBlob }) },
    annotations: { size },
  }));
  const text = provenanceText({ ...forged.provenance, subject });
  const { planDigest } = forged.provenance.predicate.buildDefinition.internalParameters;
  await local.admin.commitFiles(repo, new Map([...files, [PROVENANCE_PATH, Buffer.from(text)]]), {
    message: `Publish\n\nSWP-Plan: ${planDigest}\nSWP-Manifest: ${manifestDigest(manifest)}`,
  });
};
