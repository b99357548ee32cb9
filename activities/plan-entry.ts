import { artifactsOf, type EntryArtifact } from '../catalog/artifacts.js';
import { SwpError, messageOf } from '../core/error.js';
import type { ArtifactKind } from '../core/ids.js';
import { plural } from '../core/text.js';
import type { ApprovalPolicy } from '../plan/approval.js';
import { artifactPlanDigest, ARTIFACT_PLAN_LIMIT, type ArtifactPlan } from '../plan/artifact-plan.js';
import { blockedPlan } from '../plan/blocked-plan.js';
import { canonicalJson } from '../plan/canonical.js';
import { blocked, warn, type Check } from '../plan/checks.js';
import { withCollection } from '../plan/collection.js';
import { diffPlans } from '../plan/diff.js';
import { makeEntryPlan, planDigest } from '../plan/entry-plan.js';
import { planMtp } from '../plan/plan-mtp.js';
import { planVision } from '../plan/plan-vision.js';
import type { PublishFacts } from '../plan/publish-plan.js';
import { planMarkdown, type ShownPlan } from '../plan/render/markdown.js';
import { volatileChecks } from '../plan/volatile-checks.js';
import { isCommit } from '../plan/work.js';
import type { HubConfig } from '../hub/config.js';
import { validateCard } from '../hub/write/validate-card.js';
import type { PlannedRound, PlanRequest } from './api.js';
import { readCollectionFacts } from './facts/collection.js';
import { readMtpSource } from './facts/mtp.js';
import { readSource } from './facts/source.js';
import { readTarget } from './facts/target.js';
import { readVindexSource } from './facts/vindex.js';
import { readMirroredFiles } from './facts/vision.js';
import { planVindexEntry } from './plan-vindex-entry.js';

export interface PlanDeps {
  readonly hub: HubConfig;
  readonly tools: Readonly<Record<string, string>>;
  readonly decideWithinMs: number;
  readonly approvals: ApprovalPolicy;
}

/** What the person can change is a check in the plan; what only time can change is thrown on. */
const checkOf = (error: unknown): Check => {
  if (!(error instanceof SwpError) || error.transient) throw error;
  if (error.kind === 'access' && error.code === 'hub/unauthorized') throw error;
  return blocked(error.code.replace('/', '-'), messageOf(error), error.hint);
};

type Planner = (deps: PlanDeps, request: PlanRequest, facts: PublishFacts, signal: AbortSignal) => Promise<ArtifactPlan>;

/** How an artifact is planned, by its kind. */
const PLANNERS: Readonly<Record<ArtifactKind, Planner>> = {
  mtp: async ({ hub }, request, facts, signal) =>
    planMtp({ ...facts, selection: await readMtpSource(hub, facts.source, request.entry.entry.mtp_names ?? 'skulk', signal) }),
  vision: async ({ hub }, _request, facts, signal) =>
    planVision({ ...facts, mirrored: await readMirroredFiles(hub, facts.source, signal) }),
  vindex: async ({ hub }, request, facts, signal) => planVindexEntry(request, facts, await readVindexSource(hub, facts.source, signal)),
};

const sourceMissing = ({ source, revision }: EntryArtifact): Check =>
  blocked(
    'source-found',
    `The Hub shows no repository ${revision === undefined ? source : `${source} at ${revision}`}.`,
    'Look for a typing error in the entry; a private or gated one needs a token that may read it (HF_TOKEN).',
  );

const planArtifact = async (deps: PlanDeps, request: PlanRequest, artifact: EntryArtifact, signal: AbortSignal): Promise<ArtifactPlan> => {
  const { kind, source: repo, target: targetRepo, revision, collection } = artifact;
  const stop = (check: Check): ArtifactPlan => blockedPlan(kind, targetRepo, [check], deps.tools);
  try {
    const source = await readSource(deps.hub, repo, revision ?? null, signal);
    if (source === null) return stop(sourceMissing(artifact));
    const target = await readTarget(deps.hub, targetRepo, signal);
    const facts: PublishFacts = { source, target, private: request.entry.entry.private ?? false, tools: deps.tools };
    const plan = await PLANNERS[kind](deps, request, facts, signal);
    return collection === undefined ? plan : withCollection(plan, await readCollectionFacts(deps.hub, collection, target.repo, signal));
  } catch (error) {
    return stop(checkOf(error));
  }
};

const refuseLarge = (plan: ArtifactPlan): ArtifactPlan => {
  const size = Buffer.byteLength(canonicalJson(plan));
  if (size <= ARTIFACT_PLAN_LIMIT) return plan;
  return blockedPlan(
    plan.kind,
    plan.target.repo,
    [
      blocked(
        'plan-size',
        `The plan has ${size} bytes, more than ${ARTIFACT_PLAN_LIMIT}.`,
        plan.mirrored === undefined
          ? undefined
          : `It lists each of the ${plural(plan.mirrored.length, 'file')}: mirror a repository with fewer.`,
      ),
    ],
    plan.tools,
  );
};

/** What the Hub says of the cards. Another day it may say otherwise, so it is no part of the digest. */
const cardChecks = async (hub: HubConfig, plans: readonly ArtifactPlan[], signal: AbortSignal): Promise<Check[]> => {
  const checks = plans.map(async (plan): Promise<Check[]> => {
    const { card, target } = plan;
    if (card === null || !isCommit(plan)) return [];
    const { errors, warnings } = await validateCard(hub, card.template, { signal });
    return [
      ...errors.map((message) =>
        blocked(
          'card-yaml',
          `The Hub refuses the card of ${target.repo}: ${message}`,
          'Mend what the card takes from the source or the entry, then retry.',
        ),
      ),
      ...warnings.map((message) => warn('card-yaml', `The Hub says of the card of ${target.repo}: ${message}`)),
    ];
  });
  return (await Promise.all(checks)).flat();
};

/** Facts in, plan out: the one way from an entry to what is shown and approved, for workers and for `--dry-run`. */
export const planEntry = async (
  deps: PlanDeps,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<PlannedRound & { readonly shown: ShownPlan }> => {
  const wanted = artifactsOf(request.entry.entry).filter((artifact) => request.only.length === 0 || request.only.includes(artifact.kind));
  const artifacts = (await Promise.all(wanted.map((artifact) => planArtifact(deps, request, artifact, signal)))).map(refuseLarge);
  const entryPlan = makeEntryPlan(request.entry, artifacts);
  const digest = planDigest(entryPlan);
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
