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
import type { Hub } from '../../hub/hub.js';
import type { PlanRequest } from '../../contract/publish-activities.js';
import { readCollectionFacts } from '../facts/read-collection.js';
import { readMtpSource } from '../facts/read-mtp-source.js';
import { readSource } from '../facts/read-source.js';
import { readTarget } from '../facts/read-target.js';
import { readVindexSource } from '../facts/read-vindex-source.js';
import { readMirroredFiles } from '../facts/read-mirrored-files.js';
import { planVindexEntry } from './plan-vindex-entry.js';

/** Dependencies of planning one artifact. */
export interface ArtifactPlanDeps {
  readonly hub: Hub;
  readonly tools: Readonly<Record<string, string>>;
  /** The shards of MTP heads are read whole to prove the source if they have at most this many times the needed bytes. */
  readonly proveShards: number;
}

/** The part of a request that one artifact's plan depends on. */
export type ArtifactRequest = Pick<PlanRequest, 'entry' | 'host'>;

/** Each file adds at least 200 bytes to a plan, whatever its name: two digests, a size and an operation. */
const MAX_MIRRORED_FILES = Math.floor(ARTIFACT_PLAN_LIMIT / 200);

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

/** The planner of each artifact kind. */
const PLANNERS: Readonly<Record<ArtifactKind, Planner>> = {
  mtp: async ({ hub, proveShards }, request, facts, signal) =>
    planMtp({
      ...facts,
      selection: await readMtpSource(hub, facts.source, request.entry.entry.mtp_names ?? 'skulk', signal),
      proveShards,
    }),
  vision: async ({ hub, tools }, _request, facts, signal) => {
    const files = facts.source.files.filter(({ path }) => isMirrored(path)).length;
    // Checked before the files are read: with this many, the plan is too large whatever their content.
    if (files > MAX_MIRRORED_FILES) return tooLarge('vision', facts.target.repo, files, tools);
    return planVision({ ...facts, mirrored: await readMirroredFiles(hub, facts.source, { signal }) });
  },
  vindex: async ({ hub }, request, facts, signal) => planVindexEntry(request, facts, await readVindexSource(hub, facts.source, signal)),
};

const blockIfTooLarge = (plan: ArtifactPlan): ArtifactPlan =>
  Buffer.byteLength(canonicalJson(plan)) <= ARTIFACT_PLAN_LIMIT
    ? plan
    : tooLarge(plan.kind, plan.target.repo, plan.mirrored?.length ?? 0, plan.tools);

/**
 * Reads the facts of one artifact and plans it.
 *
 * @returns null if the Hub shows no such source
 * @throws SwpError if the Hub does not answer or refuses, or if a file breaks its format; see {@link errorCheck}
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
  return blockIfTooLarge(
    collection === undefined ? plan : withCollection(plan, await readCollectionFacts(deps.hub, collection, target.repo, signal)),
  );
};

export const sourceMissing = ({ source, revision }: EntryArtifact): Check =>
  blocked(
    'source-found',
    `The Hub does not show the repository ${revision === undefined ? source : `${source} at ${revision}`}.`,
    'Check the entry for a typing error. A private or gated repository needs a token that may read it (HF_TOKEN).',
  );

/** Returns an error that prevents planning as a blocked check. */
export const errorCheck = (error: SwpError): Check => blocked(error.code.replace('/', '-'), messageOf(error), error.hint);
