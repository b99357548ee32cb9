import { repoKey, type ArtifactKind, type CommitSha, type RepoId } from '../core/ids.js';
import { compareBytes } from '../core/text.js';
import { artifactsOf } from './artifacts.js';
import type { Entry } from './entry.js';

/** A target repository of the catalog, once, however many entries share it. */
export interface FleetTarget {
  readonly target: RepoId;
  readonly kind: ArtifactKind;
  readonly source: RepoId;
  /** Where its entry pins the source. */
  readonly revision?: CommitSha;
  /** The first entry that names it. */
  readonly entry: string;
}

const sourceKey = ({ source, revision }: Pick<FleetTarget, 'source' | 'revision'>): string => `${repoKey(source)}@${revision ?? ''}`;

/** Every target of these entries; those that are made from the same source stand together. */
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

/** Those that are made from the same source, in one list each. */
export const bySource = (targets: readonly FleetTarget[]): FleetTarget[][] => {
  const groups = new Map<string, FleetTarget[]>();
  for (const target of targets) {
    const group = groups.get(sourceKey(target));
    if (group === undefined) groups.set(sourceKey(target), [target]);
    else group.push(target);
  }
  return [...groups.values()];
};

/** Cuts a fleet into batches of about so many targets; what shares a source is in one batch, and read once. */
export const batchesOf = (targets: readonly FleetTarget[], size: number): FleetTarget[][] => {
  const batches: FleetTarget[][] = [];
  for (const group of bySource(targets)) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + group.length <= size) last.push(...group);
    else batches.push(group);
  }
  return batches;
};
