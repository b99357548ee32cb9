import { SwpError } from '../../core/error.js';
import { CollectionSlug, ownerOf, type RepoId } from '../../core/ids.js';
import { findCollection, holdsModel, readCollection } from '../../hub/collections.js';
import { withMaxAttempts, type Hub } from '../../hub/hub.js';
import type { CollectionFacts } from '../../plan/facts.js';

/** Limit of attempts. The collection is secondary, so a plan must not wait for it as long as for source and target. */
const ATTEMPTS = 4;

const read = async (hub: Hub, wanted: string, target: RepoId, signal: AbortSignal): Promise<CollectionFacts> => {
  const parsed = CollectionSlug.safeParse(wanted);
  const slug = parsed.success ? parsed.data : await findCollection(hub, ownerOf(target), wanted, { signal });
  if (slug === null) return { state: 'absent', title: wanted };
  const collection = await readCollection(hub, slug, { signal });
  if (collection === null) return { state: 'unreadable', wanted, code: 'hub/not-found' };
  return { state: 'found', slug: collection.slug, title: collection.title, holdsTarget: holdsModel(collection, target) };
};

/** Reads the collection that an entry names. Returns a failure as a fact, so that it does not block the plan. */
export const readCollectionFacts = async (hub: Hub, wanted: string, target: RepoId, signal: AbortSignal): Promise<CollectionFacts> => {
  try {
    return await read(withMaxAttempts(hub, ATTEMPTS), wanted, target, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SwpError)) throw error;
    return { state: 'unreadable', wanted, code: error.code };
  }
};
