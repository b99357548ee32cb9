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

/** What the person can change is a check in the plan; what only time can change is thrown on. */
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
  const stop = (check: Check): ArtifactPlan => blockedPlan(artifact.kind, artifact.target, [check], deps.tools);
  try {
    return (await planArtifact(deps, request, artifact, signal)) ?? stop(sourceMissing(artifact));
  } catch (error) {
    return stop(checkOf(error));
  }
};

/** The plans of an entry's artifacts, and the digest of all of them: what is approved. */
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

/** Facts in, plan out: the one way from an entry to what is shown and approved, for workers and for `--dry-run`. */
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
