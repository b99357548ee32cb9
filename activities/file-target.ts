import { messageOf, SwpError } from '../core/error.js';
import type { CollectionSlug } from '../core/ids.js';
import { oneLine } from '../core/text.js';
import { addToCollection, createCollection, findCollection, holdsModel, readCollection } from '../hub/collections.js';
import { secretsOf, withPatience, type HubConfig } from '../hub/config.js';
import { assertApproved, type ApprovedArtifact } from '../plan/approved.js';
import type { ArtifactPlan, FilingGoal } from '../plan/artifact-plan.js';
import type { FilingReport } from './api.js';
import { scrub } from './boundary.js';
import { assertTargetAllowed } from './targets.js';

/** What is published does not wait for its collection: a few tries, then the failure is reported. */
const ATTEMPTS = 4;

export interface FileDeps {
  /** With the write token. */
  readonly hub: HubConfig;
  /** Namespaces that this worker may write to; null where only the token decides. */
  readonly targets: readonly string[] | null;
}

/** The collection as it is now; one that is known by its title alone is created where there is none. */
const slugOf = async (hub: HubConfig, goal: FilingGoal, { target }: ArtifactPlan, signal: AbortSignal): Promise<CollectionSlug> => {
  if ('slug' in goal) return goal.slug;
  const owner = target.repo.slice(0, target.repo.indexOf('/'));
  const found = await findCollection(hub, owner, goal.title, { signal });
  return found ?? createCollection(hub, { owner, title: goal.title, private: target.private }, { signal });
};

const file = async (
  hub: HubConfig,
  goal: FilingGoal,
  plan: ArtifactPlan,
  targets: FileDeps['targets'],
  signal: AbortSignal,
): Promise<FilingReport> => {
  assertTargetAllowed(plan.target.repo, targets);
  const slug = await slugOf(hub, goal, plan, signal);
  assertTargetAllowed(slug, targets);
  const collection = await readCollection(hub, slug, { signal });
  if (collection === null)
    throw new SwpError('not-found', 'hub/not-found', `The Hub shows no collection ${slug}.`, {
      hint: 'Mend hf_collection in the entry, or give the high-memory worker a token that may see it.',
    });
  if (holdsModel(collection, plan.target.repo)) return { outcome: 'already', collection: collection.slug };
  return { outcome: await addToCollection(hub, collection.slug, plan.target.repo, { signal }), collection: collection.slug };
};

/** Adds a published target to its collection. Every failure but the end of this step is a report. */
export const fileTarget = async (deps: FileDeps, approved: ApprovedArtifact, signal: AbortSignal): Promise<FilingReport> => {
  const { plan } = approved;
  const goal = plan.collection ?? { title: '' };
  try {
    assertApproved(approved, 'file');
    return await file(withPatience(deps.hub, ATTEMPTS), goal, plan, deps.targets, signal);
  } catch (error) {
    signal.throwIfAborted();
    const ours = error instanceof SwpError ? error : null;
    const clean = (text: string): string => scrub(oneLine(text, 500), secretsOf(deps.hub));
    return {
      outcome: 'failed',
      collection: 'slug' in goal ? goal.slug : goal.title,
      code: ours?.code ?? 'internal',
      reason: clean(messageOf(error)),
      hint: ours?.hint === undefined ? null : clean(ours.hint),
    };
  }
};
