import { artifactsOf, type EntryArtifact } from '../../catalog/artifacts.js';
import { SwpError } from '../../core/error.js';
import type { ApprovalPolicy } from '../../plan/approval.js';
import { artifactPlanDigest, type ArtifactPlan } from '../../plan/artifact-plan.js';
import { blockedPlan } from '../../plan/blocked-plan.js';
import type { Check } from '../../plan/checks.js';
import { diffPlans } from '../../plan/diff.js';
import { makeEntryPlan, planDigest } from '../../plan/entry-plan.js';
import { planMarkdown, type ShownPlan } from '../../plan/render/markdown.js';
import { volatileChecks } from '../../plan/volatile-checks.js';
import type { PlannedRound, PlanRequest } from '../../contract/publish-activities.js';
import { cardChecks } from './card-checks.js';
import { errorCheck, planArtifact, sourceMissing, type ArtifactPlanDeps } from './plan-artifact.js';

export interface PlanDeps extends ArtifactPlanDeps {
  readonly decideWithinMs: number;
  readonly approvals: ApprovalPolicy;
}

/** Returns an error that a person can fix as a check. Rethrows transient errors, a rejected token and internal errors. */
const checkOf = (error: unknown): Check => {
  if (!(error instanceof SwpError) || error.transient) throw error;
  if (error.kind === 'access' && error.code === 'hub/unauthorized') throw error;
  return errorCheck(error);
};

const planOrBlock = async (
  deps: ArtifactPlanDeps,
  request: PlanRequest,
  artifact: EntryArtifact,
  signal: AbortSignal,
): Promise<ArtifactPlan> => {
  const block = (check: Check): ArtifactPlan => blockedPlan(artifact.kind, artifact.target, [check], deps.tools);
  try {
    return (await planArtifact(deps, request, artifact, signal)) ?? block(sourceMissing(artifact));
  } catch (error) {
    return block(checkOf(error));
  }
};

/** Plans an entry's artifacts. The digest covers all of them; reviewers approve that digest. */
export const planArtifacts = async (
  deps: ArtifactPlanDeps,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<Pick<PlannedRound, 'digest' | 'entryPlan' | 'artifacts'>> => {
  const wanted = artifactsOf(request.entry.entry, request.only);
  const artifacts = await Promise.all(wanted.map((artifact) => planOrBlock(deps, request, artifact, signal)));
  const entryPlan = makeEntryPlan(request.entry, artifacts);
  return { digest: planDigest(entryPlan), entryPlan, artifacts };
};

/**
 * Plans an entry: the only path from an entry to the plan that is shown and approved. Workers and `--dry-run` use the same
 * function.
 */
export const planEntry = async (
  deps: PlanDeps,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<PlannedRound & { readonly shown: ShownPlan }> => {
  const { digest, entryPlan, artifacts } = await planArtifacts(deps, request, signal);
  const volatile = [...volatileChecks(artifacts, request.host), ...(await cardChecks(deps.hub, artifacts, signal))];
  const changes = request.previous.flatMap((before) => {
    const after = artifacts.find((plan) => plan.kind === before.kind);
    return after === undefined || artifactPlanDigest(before) === artifactPlanDigest(after) ? [] : diffPlans(before, after, before.kind);
  });
  const { approvals, decideWithinMs } = deps;
  const shown: ShownPlan = {
    entryName: request.entry.name,
    digest,
    round: request.round,
    artifacts,
    volatile,
    changes,
    approvals,
    startedBy: request.startedBy ?? null,
  };
  return { digest, entryPlan, artifacts, volatile, approvals, markdown: planMarkdown(shown), decideWithinMs, shown };
};
