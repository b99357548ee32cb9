import type { EntryChange } from '../catalog/compare.js';
import type { ArtifactKind, Digest, RepoId } from '../core/ids.js';
import type { ArtifactPlan } from './artifact-plan.js';
import type { Check } from './checks.js';
import { diffPlans, type PlanChange } from './diff.js';
import { makeEntryPlan, planDigest } from './entry-plan.js';
import { isWork } from './work.js';

/** A fact that could not be read here, so that the plan of a publish may differ. */
export interface Unknown {
  /** Stable name, for programs and tests: `write-access`. */
  readonly code: string;
  readonly message: string;
}

/** One artifact, planned without the high-memory host and its tokens. */
export interface ReviewedArtifact {
  readonly kind: ArtifactKind;
  readonly target: RepoId;
  /** Null if too little is known to make it. */
  readonly plan: ArtifactPlan | null;
  /** Without a plan, the checks that were possible anyway; with a plan, checks that are not part of its digest. */
  readonly checks: readonly Check[];
  readonly unknown: readonly Unknown[];
}

/** One artifact of an entry in both catalogs; a side without it is null. */
export interface ArtifactReview {
  readonly kind: ArtifactKind;
  readonly before: ReviewedArtifact | null;
  readonly after: ReviewedArtifact | null;
  /** Differences between both plans; empty unless there are two. */
  readonly changes: readonly PlanChange[];
}

/** One entry that differs between two catalogs, with the effect on its plan. */
export interface EntryReview {
  readonly name: string;
  readonly change: EntryChange['change'];
  /** Fields of the entry that differ; empty unless it is in both catalogs. */
  readonly fields: readonly PlanChange[];
  readonly artifacts: readonly ArtifactReview[];
  /**
   * Digest of the plan that a publish would show for approval; null if a fact is unknown, a check blocks, or nothing is
   * to do.
   */
  readonly digest: Digest | null;
}

const digestOfReview = (change: EntryChange, artifacts: readonly ReviewedArtifact[]): Digest | null => {
  if (change.change === 'removed' || artifacts.some(({ unknown }) => unknown.length > 0)) return null;
  const plans = artifacts.flatMap(({ plan }) => plan ?? []);
  const stopped = artifacts.some(({ plan, checks }) => plan?.action === 'blocked' || checks.some(({ verdict }) => verdict === 'blocked'));
  if (plans.length !== artifacts.length || stopped || !plans.some(isWork)) return null;
  return planDigest(makeEntryPlan(change.after, plans));
};

/**
 * Pairs the plans of both sides by the artifact's kind.
 *
 * @param before artifacts of the base's entry, in the order of its plan
 * @param after artifacts of the head's entry, in the order of its plan
 */
export const reviewChange = (change: EntryChange, before: readonly ReviewedArtifact[], after: readonly ReviewedArtifact[]): EntryReview => {
  const pair = (kind: ArtifactKind): ArtifactReview => {
    const [was, is] = [before, after].map((side) => side.find((artifact) => artifact.kind === kind) ?? null);
    const plans = [was?.plan ?? null, is?.plan ?? null] as const;
    return {
      kind,
      before: was ?? null,
      after: is ?? null,
      changes: plans[0] === null || plans[1] === null ? [] : diffPlans(plans[0], plans[1]),
    };
  };
  const kinds = new Set([...after, ...before].map(({ kind }) => kind));
  return {
    name: change.name,
    change: change.change,
    fields: change.change === 'changed' ? diffPlans(change.before.entry, change.after.entry) : [],
    artifacts: [...kinds].map(pair),
    digest: digestOfReview(change, after),
  };
};
