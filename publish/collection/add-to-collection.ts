import { messageOf, SwpError } from '../../core/error.js';
import { ownerOf, type CollectionSlug } from '../../core/ids.js';
import { sanitizeLine } from '../../core/text.js';
import { addToCollection, createCollection, findCollection, holdsModel, readCollection } from '../../hub/collections.js';
import { redactorOf, withPatience, type HubConfig } from '../../hub/config.js';
import { assertApproved, type ApprovedArtifact } from '../../plan/approved.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { collectionName } from '../../plan/collection.js';
import type { FilingReport } from '../../contract/publish-activities.js';
import { assertTargetAllowed } from '../upload/allowed-targets.js';

/** What is published does not wait for its collection: a few tries, then the failure is reported. */
const ATTEMPTS = 4;

export interface FileDeps {
  /** With the write token. */
  readonly hub: HubConfig;
  /** Namespaces that this worker may write to; null where only the token decides. */
  readonly targets: readonly string[] | null;
}

/** The collection as it is now; one that is known by its title alone is created where there is none. */
const slugOf = async (hub: HubConfig, { target, collection }: ArtifactPlan, signal: AbortSignal): Promise<CollectionSlug> => {
  if (collection === undefined) throw new SwpError('internal', 'file/no-collection', `The plan for ${target.repo} names no collection.`);
  if ('slug' in collection) return collection.slug;
  const owner = ownerOf(target.repo);
  const found = await findCollection(hub, owner, collection.title, { signal });
  return found ?? createCollection(hub, { owner, title: collection.title, private: target.private }, { signal });
};

const file = async ({ hub, targets }: FileDeps, plan: ArtifactPlan, signal: AbortSignal): Promise<FilingReport> => {
  assertTargetAllowed(plan.target.repo, targets);
  const slug = await slugOf(hub, plan, signal);
  const collection = await readCollection(hub, slug, { signal });
  if (collection === null)
    throw new SwpError('not-found', 'hub/not-found', `The Hub shows no collection ${slug}.`, {
      hint: 'Mend hf_collection in the entry, or give the high-memory worker a token that may see it.',
    });
  assertTargetAllowed(collection.slug, targets);
  if (holdsModel(collection, plan.target.repo)) return { outcome: 'already', collection: collection.slug };
  return { outcome: await addToCollection(hub, collection.slug, plan.target.repo, { signal }), collection: collection.slug };
};

/** Adds a published target to its collection. Every failure but the end of this step is a report. */
export const fileTarget = async (deps: FileDeps, approved: ApprovedArtifact, signal: AbortSignal): Promise<FilingReport> => {
  const { plan } = approved;
  try {
    assertApproved(approved, 'file');
    return await file({ ...deps, hub: withPatience(deps.hub, ATTEMPTS) }, plan, signal);
  } catch (error) {
    signal.throwIfAborted();
    const ours = error instanceof SwpError ? error : null;
    const redact = redactorOf(deps.hub);
    const clean = (text: string): string => sanitizeLine(redact(text), 500);
    return {
      outcome: 'failed',
      collection: collectionName(plan),
      code: ours?.code ?? 'internal',
      kind: ours?.kind ?? 'internal',
      reason: clean(messageOf(error)),
      hint: ours?.hint === undefined ? null : clean(ours.hint),
    };
  }
};
