import type { Hub } from '../../hub/hub.js';
import { validateCard } from '../../hub/write/validate-card.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { blocked, warn, type Check } from '../../plan/checks.js';
import { isCommit } from '../../plan/work.js';

/**
 * Returns checks with the Hub's validation of the cards. The Hub's rules may change, so these checks are not part of
 * the digest.
 */
export const cardChecks = async (hub: Hub, plans: readonly ArtifactPlan[], signal: AbortSignal): Promise<Check[]> => {
  const checks = plans.map(async (plan): Promise<Check[]> => {
    const { card, target } = plan;
    if (card === null || !isCommit(plan)) return [];
    const { errors, warnings } = await validateCard(hub, card.template, { signal });
    return [
      ...errors.map((message) =>
        blocked(
          'card-yaml',
          `The Hub refuses the card of ${target.repo}: ${message}`,
          'Fix the fields of the source or the entry that the card uses, then retry.',
        ),
      ),
      ...warnings.map((message) => warn('card-yaml', `The Hub warns about the card of ${target.repo}: ${message}`)),
    ];
  });
  return (await Promise.all(checks)).flat();
};
