import { bySource, fleetOf } from '../../catalog/fleet.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { SwpError } from '../../core/error.js';
import type { ArtifactKind } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import type { FindingCode } from '../../plan/findings/finding.js';
import type { Recipe } from '../../plan/recipe.js';
import { CONVERSIONS } from '../../plan/recipe.js';
import { examineTarget } from '../verify/examine-target.js';
import { checkSource } from '../verify/fleet/check-source.js';
import { SharedSource } from '../verify/fleet/shared-source.js';

/** Findings that do not count as a change: later commits leave a target as published unless they touch our files. */
const HARMLESS: ReadonlySet<FindingCode> = new Set(['later-commits']);

/** Returns true if an entry's fields still ask for the output of a recipe. */
const matchesRecipe = ({ entry }: EntrySnapshot, recipe: Recipe): boolean => {
  if (recipe.conversion !== CONVERSIONS[recipe.kind]) return false;
  if (recipe.kind === 'mtp') return recipe.names === (entry.mtp_names ?? 'skulk');
  if (recipe.kind === 'vision') return true;
  const { quant = 'q4k', slices: [slice] = ['full'] } = entry;
  return recipe.quant === quant && recipe.slice === slice;
};

/**
 * Returns true if an entry appears unchanged since its last publish, from the Hub's listings only: its targets are as
 * published, its sources at the same commit, its fields the same. Does not check the collection, or whether a newer SWP
 * or larql would write other files. A permanent error of the Hub, other than a rejected token, counts as a change:
 * planning then reports it.
 */
export const isProbablyUnchanged = async (
  hub: Hub,
  entry: EntrySnapshot,
  only: readonly ArtifactKind[],
  signal: AbortSignal,
): Promise<boolean> => {
  const targets = fleetOf([entry]).filter(({ kind }) => only.length === 0 || only.includes(kind));
  try {
    for (const [first, ...rest] of bySource(targets)) {
      if (first === undefined) continue;
      const shared = new SharedSource(hub, first, signal);
      for (const target of [first, ...rest]) {
        const examined = await examineTarget(hub, target.target, { read: () => 'nothing', publishers: null, signal });
        if (!('visible' in examined) || examined.record === null) return false;
        const { recipe } = examined.record.provenance.predicate.buildDefinition.externalParameters;
        if (!matchesRecipe(entry, recipe)) return false;
        const findings = [...examined.found.findings, ...(await checkSource(hub, target, examined, shared, signal))];
        if (findings.some(({ code }) => !HARMLESS.has(code))) return false;
      }
    }
    return true;
  } catch (error) {
    if (error instanceof SwpError && !error.transient && error.code !== 'hub/unauthorized') return false;
    throw error;
  }
};
