import { sameRepo } from '../core/ids.js';
import type { ArtifactPlan } from './artifact-plan.js';
import type { TargetFacts } from './facts.js';
import { visibility } from './target-operations.js';
import { isIntact } from './target-state.js';

export type Preconditions =
  | { readonly state: 'hold' }
  | { readonly state: 'unchanged'; readonly commit: string }
  | { readonly state: 'stale'; readonly reason: string };

/**
 * Checks that the target is still in the state that the plan was made for. Another publish may have written the same payload
 * meanwhile: then nothing is left to do, unless the target must still be added to its collection, which takes a new plan.
 */
export const comparePreconditions = (plan: ArtifactPlan, target: TargetFacts): Preconditions => {
  if (!sameRepo(plan.target.repo, target.repo))
    return { state: 'stale', reason: `${plan.target.repo} was renamed to ${target.repo} on the Hub` };
  const last = target.lastPublish;
  if (target.head !== plan.target.head) {
    const published = last?.provenance.predicate.buildDefinition.externalParameters.recipeDigest;
    if (plan.collection === undefined && last !== null && published === plan.recipeDigest && isIntact(last, target.files))
      return { state: 'unchanged', commit: last.commit };
    return {
      state: 'stale',
      reason: `the head of ${target.repo} was ${plan.target.head ?? 'absent'} in the plan and is ${target.head ?? 'absent'} now`,
    };
  }
  if (target.exists && target.private !== plan.target.private) {
    return {
      state: 'stale',
      reason: `${target.repo} is ${visibility(plan.target.private)} in the plan and is ${visibility(target.private)} now`,
    };
  }
  return { state: 'hold' };
};
