import type { EntryArtifact } from '../../catalog/artifacts.js';
import { messageOf, type SwpError } from '../../core/error.js';
import type { ArtifactKind, RepoId } from '../../core/ids.js';
import { plural } from '../../core/text.js';
import { ARTIFACT_PLAN_LIMIT, type ArtifactPlan } from '../../plan/artifact-plan.js';
import { blockedPlan } from '../../plan/blocked-plan.js';
import { canonicalJson } from '../../core/digests.js';
import { blocked, type Check } from '../../plan/checks.js';
import { withCollection } from '../../plan/collection.js';
import { planMtp } from '../../plan/plan-mtp.js';
import { isMirrored, planVision } from '../../plan/plan-vision.js';
import type { PublishFacts } from '../../plan/publish-plan.js';
import type { HubConfig } from '../../hub/config.js';
import type { PlanRequest } from '../../contract/publish-activities.js';
import { readCollectionFacts } from '../facts/read-collection.js';
import { readMtpSource } from '../facts/read-mtp-source.js';
import { readSource } from '../facts/read-source.js';
import { readTarget } from '../facts/read-target.js';
import { readVindexSource } from '../facts/read-vindex-source.js';
import { readMirroredFiles } from '../facts/read-mirrored-files.js';
import { planVindexEntry } from './plan-vindex-entry.js';

/** What one artifact is planned with. */
export interface ArtifactPlanDeps {
  readonly hub: HubConfig;
  readonly tools: Readonly<Record<string, string>>;
  /** Shards of MTP heads that are read whole to prove the source may have so many times the needed bytes. */
  readonly proveShards: number;
}

/** Of a request, what one artifact's plan depends on. */
export type ArtifactRequest = Pick<PlanRequest, 'entry' | 'host'>;

/** Two digests, a size and an operation of each file: no fewer bytes, whatever its name. */
const MOST_MIRRORED = Math.floor(ARTIFACT_PLAN_LIMIT / 200);

const tooLarge = (kind: ArtifactKind, target: RepoId, mirrored: number, tools: ArtifactPlanDeps['tools']): ArtifactPlan =>
  blockedPlan(
    kind,
    target,
    [
      blocked(
        'plan-size',
        `The plan would have more than ${ARTIFACT_PLAN_LIMIT} bytes.`,
        mirrored === 0 ? undefined : `It lists each of the ${plural(mirrored, 'file')}: mirror a repository with fewer.`,
      ),
    ],
    tools,
  );

type Planner = (deps: ArtifactPlanDeps, request: ArtifactRequest, facts: PublishFacts, signal: AbortSignal) => Promise<ArtifactPlan>;

/** How an artifact is planned, by its kind. */
const PLANNERS: Readonly<Record<ArtifactKind, Planner>> = {
  mtp: async ({ hub, proveShards }, request, facts, signal) =>
    planMtp({
      ...facts,
      selection: await readMtpSource(hub, facts.source, request.entry.entry.mtp_names ?? 'skulk', signal),
      proveShards,
    }),
  vision: async ({ hub, tools }, _request, facts, signal) => {
    const files = facts.source.files.filter(({ path }) => isMirrored(path)).length;
    // Before each of them is read: the plan would be too large whatever they hold.
    if (files > MOST_MIRRORED) return tooLarge('vision', facts.target.repo, files, tools);
    return planVision({ ...facts, mirrored: await readMirroredFiles(hub, facts.source, { signal }) });
  },
  vindex: async ({ hub }, request, facts, signal) => planVindexEntry(request, facts, await readVindexSource(hub, facts.source, signal)),
};

const refuseLarge = (plan: ArtifactPlan): ArtifactPlan =>
  Buffer.byteLength(canonicalJson(plan)) <= ARTIFACT_PLAN_LIMIT
    ? plan
    : tooLarge(plan.kind, plan.target.repo, plan.mirrored?.length ?? 0, plan.tools);

/**
 * Facts in, plan of one artifact out.
 *
 * @returns null where the Hub shows no such source
 * @throws SwpError where the Hub does not answer or refuses, or a file breaks its format; see {@link errorCheck}
 */
export const planArtifact = async (
  deps: ArtifactPlanDeps,
  request: ArtifactRequest,
  artifact: EntryArtifact,
  signal: AbortSignal,
): Promise<ArtifactPlan | null> => {
  const { kind, source: repo, target: targetRepo, revision, collection } = artifact;
  const source = await readSource(deps.hub, repo, revision ?? null, signal);
  if (source === null) return null;
  const target = await readTarget(deps.hub, targetRepo, signal);
  const facts: PublishFacts = { source, target, private: request.entry.entry.private ?? false, tools: deps.tools };
  const plan = await PLANNERS[kind](deps, request, facts, signal);
  return refuseLarge(
    collection === undefined ? plan : withCollection(plan, await readCollectionFacts(deps.hub, collection, target.repo, signal)),
  );
};

export const sourceMissing = ({ source, revision }: EntryArtifact): Check =>
  blocked(
    'source-found',
    `The Hub shows no repository ${revision === undefined ? source : `${source} at ${revision}`}.`,
    'Look for a typing error in the entry; a private or gated one needs a token that may read it (HF_TOKEN).',
  );

/** What stands in the way of a plan, as a check of it. */
export const errorCheck = (error: SwpError): Check => blocked(error.code.replace('/', '-'), messageOf(error), error.hint);
