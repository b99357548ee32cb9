import { artifactsOf, type EntryArtifact } from '../catalog/artifacts.js';
import { SwpError, messageOf } from '../core/error.js';
import { artifactPlanDigest, ARTIFACT_PLAN_LIMIT, type ArtifactPlan } from '../plan/artifact-plan.js';
import { blockedPlan } from '../plan/blocked-plan.js';
import { canonicalJson } from '../plan/canonical.js';
import { blocked, warn, type Check } from '../plan/checks.js';
import { diffPlans } from '../plan/diff.js';
import { makeEntryPlan, planDigest } from '../plan/entry-plan.js';
import { planMtp } from '../plan/plan-mtp.js';
import { planMarkdown, type ShownPlan } from '../plan/render/markdown.js';
import { volatileChecks } from '../plan/volatile-checks.js';
import type { HubConfig } from '../hub/config.js';
import { validateCard } from '../hub/write/validate-card.js';
import type { PlannedRound, PlanRequest } from './api.js';
import { readMtpSource } from './facts/mtp.js';
import { readSource } from './facts/source.js';
import { readTarget } from './facts/target.js';

export interface PlanDeps {
  readonly hub: HubConfig;
  readonly tools: Readonly<Record<string, string>>;
  readonly decideWithinMs: number;
}

/** What the person can change is a check in the plan; what only time can change is thrown on. */
const checkOf = (error: unknown): Check => {
  if (!(error instanceof SwpError) || error.transient) throw error;
  if (error.kind === 'access' && error.code === 'hub/unauthorized') throw error;
  return blocked(error.code.replace('/', '-'), messageOf(error), error.hint);
};

const planMtpArtifact = async (
  deps: PlanDeps,
  request: PlanRequest,
  artifact: EntryArtifact,
  signal: AbortSignal,
): Promise<ArtifactPlan> => {
  const { entry } = request.entry;
  try {
    const source = await readSource(deps.hub, artifact.source, artifact.revision ?? null, signal);
    if (source === null) {
      const where = artifact.revision === undefined ? artifact.source : `${artifact.source} at ${artifact.revision}`;
      return blockedPlan(
        'mtp',
        artifact.target,
        [
          blocked(
            'source-found',
            `The Hub shows no repository ${where}.`,
            'Look for a typing error in the entry; a private or gated one needs a token that may read it (HF_TOKEN).',
          ),
        ],
        deps.tools,
      );
    }
    const target = await readTarget(deps.hub, artifact.target, signal);
    const selection = await readMtpSource(deps.hub, source, entry.mtp_names ?? 'skulk', signal);
    return planMtp({ source, selection, target, private: entry.private ?? false, tools: deps.tools });
  } catch (error) {
    return blockedPlan('mtp', artifact.target, [checkOf(error)], deps.tools);
  }
};

const planArtifact = (deps: PlanDeps, request: PlanRequest, artifact: EntryArtifact, signal: AbortSignal): Promise<ArtifactPlan> => {
  if (artifact.kind === 'mtp') return planMtpArtifact(deps, request, artifact, signal);
  const others = artifactsOf(request.entry.entry).some((other) => other.kind === 'mtp');
  const check = blocked(
    'kind-supported',
    `This version of SWP publishes no ${artifact.kind} yet.`,
    others ? `Publish the MTP sidecar alone: swp start ${request.entry.name} --only mtp` : undefined,
  );
  return Promise.resolve(blockedPlan(artifact.kind, artifact.target, [check], deps.tools));
};

const refuseLarge = (plan: ArtifactPlan): ArtifactPlan => {
  const size = Buffer.byteLength(canonicalJson(plan));
  if (size <= ARTIFACT_PLAN_LIMIT) return plan;
  return blockedPlan(
    plan.kind,
    plan.target.repo,
    [blocked('plan-size', `The plan has ${size} bytes, more than ${ARTIFACT_PLAN_LIMIT}.`)],
    plan.tools,
  );
};

/** What the Hub says of the cards. Another day it may say otherwise, so it is no part of the digest. */
const cardChecks = async (hub: HubConfig, plans: readonly ArtifactPlan[], signal: AbortSignal): Promise<Check[]> => {
  const checks = plans.map(async ({ action, card, target }): Promise<Check[]> => {
    if (card === null || (action !== 'publish' && action !== 'metadata-only')) return [];
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
  const shown: ShownPlan = { entryName: request.entry.name, digest, round: request.round, artifacts, volatile, changes };
  return { digest, entryPlan, artifacts, volatile, markdown: planMarkdown(shown), decideWithinMs: deps.decideWithinMs, shown };
};
