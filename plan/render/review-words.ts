import { plural } from '../../core/text.js';
import type { ArtifactReview, EntryReview, ReviewedArtifact } from '../catalog-review.js';
import { planSummary } from './words.js';

/** Summarises a plan in one line, as far as it is known here. */
export const outlook = ({ plan, checks }: ReviewedArtifact): string => {
  if (plan !== null) return `${plan.action}: ${planSummary(plan)}`;
  return checks.some(({ verdict }) => verdict === 'blocked') ? 'blocked: cannot be published; see the blocked checks' : 'unknown here';
};

const SAME = 'Its plan is the same as before.';

/** Describes in a sentence how the plan of an artifact differs from before; null if its listed changes say it. */
export const changeText = ({ before, after, changes }: ArtifactReview): string | null => {
  if (after === null) return 'The entry no longer publishes it. Nothing is deleted: the target stays as it is.';
  if (before === null) return null;
  // Both sides are one object if both catalogs request the artifact equally, even if its plan is unknown.
  if (before === after) return SAME;
  if (before.plan === null || after.plan === null) return 'The effect of the change on the plan is unknown here.';
  return changes.length === 0 ? SAME : null;
};

/** Formats the numbers of added, changed and removed entries. */
export const countsText = (reviews: readonly EntryReview[]): string => {
  if (reviews.length === 0) return 'no entry differs';
  const counts = (['added', 'changed', 'removed'] as const).flatMap((change) => {
    const count = reviews.filter((review) => review.change === change).length;
    return count === 0 ? [] : [`${plural(count, 'entry', 'entries')} ${change}`];
  });
  return counts.join(', ');
};

/** The caveat of every plan that is made without its host. */
export const REVIEW_CAVEAT =
  'Planned from the current state of the Hub, without a high-memory host: the disk, memory and tokens of a host are unknown here. A publish makes its own plan, and only that plan is approved.';

export const NO_DIGEST = 'No plan digest: facts that are unknown here may change the plan.';
