import { messageOf, SwpError } from '../../core/error.js';
import { ownerOf, type CollectionSlug } from '../../core/ids.js';
import { sanitizeLine } from '../../core/text.js';
import { addToCollection, createCollection, findCollection, holdsModel, readCollection } from '../../hub/collections.js';
import { withMaxAttempts, type Hub } from '../../hub/hub.js';
import { assertApproved, type ApprovedArtifact } from '../../plan/approved.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { collectionName } from '../../plan/collection.js';
import type { CollectionReport } from '../../contract/publish-activities.js';
import { assertTargetAllowed } from '../upload/allowed-targets.js';

/** Limit of attempts, since a finished publish must not wait for its collection. After these, the failure is reported. */
const ATTEMPTS = 4;

export interface CollectDeps {
  /** Holds the write token. */
  readonly hub: Hub;
  /** Namespaces that this worker may write to; null if only the token decides. */
  readonly targets: readonly string[] | null;
}

/**
 * Returns the slug of the plan's collection. If the plan has only a title, looks for that title and creates a missing
 * collection.
 */
const slugOf = async (hub: Hub, { target, collection }: ArtifactPlan, signal: AbortSignal): Promise<CollectionSlug> => {
  if (collection === undefined) throw new SwpError('internal', 'collection/none', `The plan for ${target.repo} names no collection.`);
  if ('slug' in collection) return collection.slug;
  const owner = ownerOf(target.repo);
  const found = await findCollection(hub, owner, collection.title, { signal });
  return found ?? createCollection(hub, { owner, title: collection.title, private: target.private }, { signal });
};

const addTarget = async ({ hub, targets }: CollectDeps, plan: ArtifactPlan, signal: AbortSignal): Promise<CollectionReport> => {
  assertTargetAllowed(plan.target.repo, targets);
  const slug = await slugOf(hub, plan, signal);
  const collection = await readCollection(hub, slug, { signal });
  if (collection === null)
    throw new SwpError('not-found', 'hub/not-found', `The Hub does not show the collection ${slug}.`, {
      hint: 'Fix hf_collection in the entry, or give the high-memory worker a token that may see it.',
    });
  assertTargetAllowed(collection.slug, targets);
  if (holdsModel(collection, plan.target.repo)) return { outcome: 'unchanged', collection: collection.slug };
  return { outcome: await addToCollection(hub, collection.slug, plan.target.repo, { signal }), collection: collection.slug };
};

/** Adds a published target to its collection. Throws only on cancellation; returns every other failure as a report. */
export const collectTarget = async (deps: CollectDeps, approved: ApprovedArtifact, signal: AbortSignal): Promise<CollectionReport> => {
  const { plan } = approved;
  try {
    assertApproved(approved, 'collect');
    return await addTarget({ ...deps, hub: withMaxAttempts(deps.hub, ATTEMPTS) }, plan, signal);
  } catch (error) {
    signal.throwIfAborted();
    const swpError = error instanceof SwpError ? error : null;
    const redact = deps.hub.redact;
    const sanitize = (text: string): string => sanitizeLine(redact(text), 500);
    return {
      outcome: 'failed',
      collection: collectionName(plan),
      code: swpError?.code ?? 'internal',
      kind: swpError?.kind ?? 'internal',
      reason: sanitize(messageOf(error)),
      hint: swpError?.hint === undefined ? null : sanitize(swpError.hint),
    };
  }
};
