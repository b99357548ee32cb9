import type { ArtifactPlan, CollectionGoal } from './artifact-plan.js';
import { ok, warn } from './checks.js';
import type { CollectionFacts } from './facts.js';

const CODE = 'collection';

/** Returns the name of a plan's collection for people: its slug, or the title of a collection that will be created. */
export const collectionName = ({ collection }: Pick<ArtifactPlan, 'collection'>): string => {
  if (collection === undefined) return '(none)';
  return 'slug' in collection ? collection.slug : collection.title;
};

const addCollectStep = (plan: ArtifactPlan, collection: CollectionGoal, reason: string): ArtifactPlan => ({
  ...plan,
  action: plan.action === 'unchanged' ? 'collection-only' : plan.action,
  operations: [...plan.operations, { op: 'collect', collection: collectionName({ collection }), reason }],
  collection,
});

/**
 * Adds the step that puts the target into its collection. A collection that cannot be used is a warning for the
 * reviewer, and does not block the plan.
 */
export const withCollection = (plan: ArtifactPlan, facts: CollectionFacts): ArtifactPlan => {
  if (plan.action === 'blocked') return plan;
  const { repo, private: isPrivate } = plan.target;
  switch (facts.state) {
    case 'unreadable':
      return {
        ...plan,
        checks: [
          ...plan.checks,
          warn(
            CODE,
            `The collection "${facts.wanted}" cannot be read (${facts.code}): the target will not be added to it.`,
            'Check hf_collection for a typing error. A private collection needs a token that may read it (HF_TOKEN).',
          ),
        ],
      };
    case 'absent':
      return addCollectStep(
        plan,
        { title: facts.title },
        `${repo.split('/')[0]} has no collection with this title: a ${isPrivate ? 'private' : 'public'} one is created`,
      );
    case 'found':
      if (!facts.holdsTarget) return addCollectStep(plan, { slug: facts.slug }, `"${facts.title}" does not hold the target`);
      return { ...plan, checks: [...plan.checks, ok(CODE, `Collection ${facts.slug} holds the target already.`)] };
  }
};
