import { repoKey, type ArtifactKind, type CommitSha, type RepoId } from '../core/ids.js';
import { compareBytes } from '../core/text.js';
import { artifactsOf } from './artifacts.js';
import type { Entry } from './entry.js';

/** A target repository of the catalog, listed once even if several entries share it. */
export interface FleetTarget {
  readonly target: RepoId;
  readonly kind: ArtifactKind;
  readonly source: RepoId;
  /** The source commit, if the entry pins it. */
  readonly revision?: CommitSha;
  /** The first entry that names the target. */
  readonly entry: string;
}

const sourceKey = ({ source, revision }: Pick<FleetTarget, 'source' | 'revision'>): string => `${repoKey(source)}@${revision ?? ''}`;

/** Returns every target of these entries; targets with the same source are adjacent. */
export const fleetOf = (entries: Iterable<{ readonly name: string; readonly entry: Entry }>): FleetTarget[] => {
  const targets = new Map<string, FleetTarget>();
  for (const { name: entry, entry: fields } of entries)
    for (const { kind, target, source, revision } of artifactsOf(fields))
      if (!targets.has(repoKey(target)))
        targets.set(repoKey(target), { target, kind, source, entry, ...(revision === undefined ? {} : { revision }) });
  return [...targets.values()].toSorted(
    (a, b) => compareBytes(sourceKey(a), sourceKey(b)) || compareBytes(repoKey(a.target), repoKey(b.target)),
  );
};

/** Groups targets that have the same source. */
export const bySource = (targets: readonly FleetTarget[]): FleetTarget[][] => {
  const groups = new Map<string, FleetTarget[]>();
  for (const target of targets) {
    const group = groups.get(sourceKey(target));
    if (group === undefined) groups.set(sourceKey(target), [target]);
    else group.push(target);
  }
  return [...groups.values()];
};

/**
 * Splits a fleet into batches of about `size` targets. Targets with the same source stay in one batch, so it is read
 * once.
 */
export const batchesOf = (targets: readonly FleetTarget[], size: number): FleetTarget[][] => {
  const batches: FleetTarget[][] = [];
  for (const group of bySource(targets)) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + group.length <= size) last.push(...group);
    else batches.push(group);
  }
  return batches;
};
