import { sameRepo } from '../core/ids.js';
import type { ArtifactPlan } from './artifact-plan.js';
import type { TargetFacts } from './facts.js';
import { isIntact } from './target-state.js';

export type Preconditions =
  | { readonly state: 'hold' }
  | { readonly state: 'unchanged'; readonly commit: string }
  | { readonly state: 'moved'; readonly reason: string };

/**
 * Whether the target is still what the plan was made for. Another publish may have brought the same
 * payload meanwhile: then there is nothing left to do, unless the target has still to be filed, of which a new plan tells.
 */
export const comparePreconditions = (plan: ArtifactPlan, target: TargetFacts): Preconditions => {
  if (!sameRepo(plan.target.repo, target.repo))
    return { state: 'moved', reason: `the Hub answers ${target.repo} for ${plan.target.repo}: it was renamed` };
  const last = target.lastPublish;
  if (target.head !== plan.target.head) {
    const published = last?.provenance.predicate.buildDefinition.externalParameters.recipeDigest;
    if (plan.collection === undefined && last !== null && published === plan.recipeDigest && isIntact(last, target.files))
      return { state: 'unchanged', commit: last.commit };
    return {
      state: 'moved',
      reason: `the head of ${target.repo} was ${plan.target.head ?? 'absent'} in the plan and is ${target.head ?? 'absent'} now`,
    };
  }
  if (target.exists && target.private !== plan.target.private) {
    const word = (isPrivate: boolean): string => (isPrivate ? 'private' : 'public');
    return { state: 'moved', reason: `${target.repo} was to be ${word(plan.target.private)} and is ${word(target.private)} now` };
  }
  return { state: 'hold' };
};
