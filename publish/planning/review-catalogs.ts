import { setMaxListeners } from 'node:events';
import pMap from 'p-map';
import { artifactsOf, type EntryArtifact } from '../../catalog/artifacts.js';
import type { EntryChange } from '../../catalog/compare.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { canonicalJson } from '../../core/digests.js';
import { reviewChange, type EntryReview, type ReviewedArtifact } from '../../plan/catalog-review.js';
import type { ArtifactPlanDeps } from './plan-artifact.js';
import { reviewArtifact } from './review-artifact.js';

const ENTRIES_IN_FLIGHT = 4;

export interface ReviewOptions {
  /** Deadline in milliseconds. Artifacts that are not planned by then are unknown. */
  readonly withinMs: number;
}

const notPlanned = ({ kind, target }: EntryArtifact): ReviewedArtifact => ({ kind, target, plan: null, checks: [], unknown: [] });

/** Returns all fields of an entry except its key and tier, which are not part of a plan. */
const plannedFields = ({ entry: { key: _key, tier: _tier, ...fields } }: EntrySnapshot): unknown => fields;

/**
 * Plans every entry that differs between two catalogs, both before and after the change, against the current state of
 * the Hub.
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
  const combined = AbortSignal.any([signal, deadline]);
  // Each request in flight adds a listener.
  setMaxListeners(0, combined);
  const planned = new Map<string, Promise<ReviewedArtifact>>();

  const timedOut = (artifact: EntryArtifact): ReviewedArtifact => ({
    ...notPlanned(artifact),
    unknown: [{ code: 'late', message: `The whole entry: it could not be planned within ${Math.round(withinMs / 1000)} s.` }],
  });
  const planWithinDeadline = async (entry: EntrySnapshot, artifact: EntryArtifact): Promise<ReviewedArtifact> => {
    try {
      return await reviewArtifact(deps, entry, artifact, combined);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted) return timedOut(artifact);
      throw error;
    }
  };
  /** Plans an artifact once if both sides, or two entries, ask for the same. */
  const planOnce = (entry: EntrySnapshot, artifact: EntryArtifact): Promise<ReviewedArtifact> => {
    const key = canonicalJson({ kind: artifact.kind, fields: plannedFields(entry) });
    const found = planned.get(key) ?? planWithinDeadline(entry, artifact);
    planned.set(key, found);
    return found;
  };
  const planAll = (entry: EntrySnapshot): Promise<ReviewedArtifact[]> =>
    Promise.all(artifactsOf(entry.entry).map((artifact) => planOnce(entry, artifact)));

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
    { concurrency: ENTRIES_IN_FLIGHT, signal },
  );
};
