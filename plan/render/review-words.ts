import { plural } from '../../core/text.js';
import type { ArtifactReview, EntryReview, ReviewedArtifact } from '../catalog-review.js';
import { planSummary } from './words.js';

/** What a plan amounts to as far as it is known here, in one line. */
export const outlook = ({ plan, checks }: ReviewedArtifact): string => {
  if (plan !== null) return `${plan.action}: ${planSummary(plan)}`;
  return checks.some(({ verdict }) => verdict === 'blocked') ? 'blocked: cannot be published as it stands' : 'unknown here';
};

const SAME = 'Its plan is the same as before.';

/** How the plan of an artifact differs from before, in a sentence; null where its changes say it. */
export const changeText = ({ before, after, changes }: ArtifactReview): string | null => {
  if (after === null) return 'The entry publishes it no more. Nothing is deleted: the target stays as it is.';
  if (before === null) return null;
  // One and the same where both catalogs ask for it alike, whatever is known of it.
  if (before === after) return SAME;
  if (before.plan === null || after.plan === null) return 'What the change does to the plan is unknown here.';
  return changes.length === 0 ? SAME : null;
};

/** How many entries came, changed and went. */
export const countsText = (reviews: readonly EntryReview[]): string => {
  if (reviews.length === 0) return 'no entry differs';
  const counts = (['added', 'changed', 'removed'] as const).flatMap((change) => {
    const count = reviews.filter((review) => review.change === change).length;
    return count === 0 ? [] : [`${plural(count, 'entry', 'entries')} ${change}`];
  });
  return counts.join(', ');
};

/** What is true of every plan that is made far from its host. */
export const REVIEW_CAVEAT =
  'Planned on what the Hub shows here and now, without a high-memory host: its disk, memory and tokens are unknown here. A publish makes its own plan, and that one is approved.';

export const NO_DIGEST = 'No digest to approve: what is unknown here may change the plan.';
