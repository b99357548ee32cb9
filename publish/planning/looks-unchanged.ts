import { bySource, fleetOf } from '../../catalog/fleet.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { SwpError } from '../../core/error.js';
import type { ArtifactKind } from '../../core/ids.js';
import type { HubConfig } from '../../hub/config.js';
import type { FindingCode } from '../../plan/findings/finding.js';
import type { Recipe } from '../../plan/recipe.js';
import { CONVERSIONS } from '../../plan/recipe.js';
import { examineTarget } from '../verify/examine-target.js';
import { checkSource } from '../verify/fleet/check-source.js';
import { SharedSource } from '../verify/fleet/shared-source.js';

/** Later commits that touch nothing of ours leave a target as it was published. */
const HARMLESS: ReadonlySet<FindingCode> = new Set(['later-commits']);

/** Whether an entry still asks for what a recipe made, as far as its fields decide. */
const asksForSame = ({ entry }: EntrySnapshot, recipe: Recipe): boolean => {
  if (recipe.conversion !== CONVERSIONS[recipe.kind]) return false;
  if (recipe.kind === 'mtp') return recipe.names === (entry.mtp_names ?? 'skulk');
  if (recipe.kind === 'vision') return true;
  const { quant = 'q4k', slices: [slice] = ['full'] } = entry;
  return recipe.quant === quant && recipe.slice === slice;
};

/**
 * Whether nothing of an entry has changed since its last publish, by what the Hub lists: its targets as published, its
 * sources at the same commit, its fields the same. Its collection is not looked at, nor what a newer SWP or larql would
 * write; what the Hub refuses to tell counts as changed, for a plan to say.
 */
export const looksUnchanged = async (
  hub: HubConfig,
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
        if (!asksForSame(entry, recipe)) return false;
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
