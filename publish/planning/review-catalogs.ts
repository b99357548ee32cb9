import { setMaxListeners } from 'node:events';
import pMap from 'p-map';
import { artifactsOf, type EntryArtifact } from '../../catalog/artifacts.js';
import type { EntryChange } from '../../catalog/compare.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { canonicalJson } from '../../core/digests.js';
import { reviewChange, type EntryReview, type ReviewedArtifact } from '../../plan/catalog-review.js';
import type { ArtifactPlanDeps } from './plan-artifact.js';
import { reviewArtifact } from './review-artifact.js';

const ENTRIES_AT_ONCE = 4;

export interface ReviewOptions {
  /** When this has passed, what is not planned yet is unknown. */
  readonly withinMs: number;
}

const notPlanned = ({ kind, target }: EntryArtifact): ReviewedArtifact => ({ kind, target, plan: null, checks: [], unknown: [] });

/** Everything of an entry but its names: a plan says nothing of those. */
const plannedFields = ({ entry: { key: _key, tier: _tier, ...fields } }: EntrySnapshot): unknown => fields;

/**
 * Plans every entry in which two catalogs differ, as it was and as it is, each on what the Hub holds now.
 *
 * @returns the reviews in the order of the changes
 */
export const reviewCatalogs = async (
  deps: ArtifactPlanDeps,
  changes: readonly EntryChange[],
  { withinMs }: ReviewOptions,
  signal: AbortSignal,
): Promise<EntryReview[]> => {
  const deadline = AbortSignal.timeout(withinMs);
  const either = AbortSignal.any([signal, deadline]);
  // Each request that is under way listens to it.
  setMaxListeners(0, either);
  const known = new Map<string, Promise<ReviewedArtifact>>();

  const late = (artifact: EntryArtifact): ReviewedArtifact => ({
    ...notPlanned(artifact),
    unknown: [{ code: 'late', message: `All of it: it could not be planned within ${Math.round(withinMs / 1000)} s.` }],
  });
  const inTime = async (entry: EntrySnapshot, artifact: EntryArtifact): Promise<ReviewedArtifact> => {
    try {
      return await reviewArtifact(deps, entry, artifact, either);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted) return late(artifact);
      throw error;
    }
  };
  /** What both sides, or two entries, ask for alike is planned once. */
  const once = (entry: EntrySnapshot, artifact: EntryArtifact): Promise<ReviewedArtifact> => {
    const key = canonicalJson({ kind: artifact.kind, fields: plannedFields(entry) });
    const found = known.get(key) ?? inTime(entry, artifact);
    known.set(key, found);
    return found;
  };
  const planAll = (entry: EntrySnapshot): Promise<ReviewedArtifact[]> =>
    Promise.all(artifactsOf(entry.entry).map((artifact) => once(entry, artifact)));

  const beforeOf = (change: EntryChange): Promise<ReviewedArtifact[]> | ReviewedArtifact[] => {
    if (change.change === 'added') return [];
    return change.change === 'changed' ? planAll(change.before) : artifactsOf(change.before.entry).map(notPlanned);
  };

  return pMap(
    changes,
    async (change) => {
      const [before, after] = await Promise.all([beforeOf(change), change.change === 'removed' ? [] : planAll(change.after)]);
      return reviewChange(change, before, after);
    },
    { concurrency: ENTRIES_AT_ONCE, signal },
  );
};
