import type { Digest } from '../../../core/ids.js';
import { digestOf } from '../../../core/digests.js';
import type { VindexRecipe } from '../../../plan/recipe.js';
import type { SharedInputs } from '../../scratch/shared-inputs.js';

/** What a staged source is shared by: its repository, its commit, and the files of it that are read. */
export const stagedDigest = ({ source, selection }: VindexRecipe): Digest => digestOf({ staged: 2, source, selection });

/** What a whole extraction is shared by: the recipe, whichever slice of it is published. */
export const extractedDigest = (recipe: VindexRecipe): Digest => digestOf({ ...recipe, slice: 'full' });

/** What building a vindex shares with other publishes of its host. */
export const inputsOf = (recipe: VindexRecipe): readonly Digest[] => [stagedDigest(recipe), extractedDigest(recipe)];

/** How often a claim is left to other hosts where its source is staged here, and where nothing of it is. */
const PATIENCE = { staged: 2, nothing: 4 };

/**
 * Whether a host leaves a claim to others for now: they may have staged or extracted already what it would have to
 * begin with. Nobody knows of the others, so after a few rounds the work is done where the claim lies.
 *
 * @param attempt of the claim, from 1
 */
export const shouldDeferClaim = async (recipe: VindexRecipe, shared: SharedInputs, attempt: number): Promise<boolean> => {
  if (await shared.has(extractedDigest(recipe))) return false;
  return attempt <= ((await shared.has(stagedDigest(recipe))) ? PATIENCE.staged : PATIENCE.nothing);
};
