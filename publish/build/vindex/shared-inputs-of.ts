import type { Digest } from '../../../core/ids.js';
import { digestOf } from '../../../core/digests.js';
import type { VindexRecipe } from '../../../plan/recipe.js';
import type { SharedInputs } from '../../scratch/shared-inputs.js';

/**
 * Returns the key of a shared staged source. It depends on the source's repository and commit, and on the files that
 * are read.
 */
export const stagedDigest = ({ source, selection }: VindexRecipe): Digest => digestOf({ staged: 2, source, selection });

/** Returns the key of a shared full extraction. It depends on the recipe, but not on the slice to publish. */
export const extractedDigest = (recipe: VindexRecipe): Digest => digestOf({ ...recipe, slice: 'full' });

/** Returns the keys of the inputs that a vindex build shares with other publishes on the same host. */
export const inputsOf = (recipe: VindexRecipe): readonly Digest[] => [stagedDigest(recipe), extractedDigest(recipe)];

/** Limits of deferred claim attempts on this host: with the source staged here, and with nothing here. */
const MAX_DEFERRALS = { staged: 2, nothing: 4 };

/**
 * Returns true if this host should leave a claim to other hosts for now: another host may already have the staged source or
 * the extraction. Hosts do not know each other's inputs, so after a few attempts this host takes the claim.
 *
 * @param attempt number of the claim attempt, from 1
 */
export const shouldDeferClaim = async (recipe: VindexRecipe, shared: SharedInputs, attempt: number): Promise<boolean> => {
  if (await shared.has(extractedDigest(recipe))) return false;
  return attempt <= ((await shared.has(stagedDigest(recipe))) ? MAX_DEFERRALS.staged : MAX_DEFERRALS.nothing);
};
