import { SwpError } from '../../../core/error.js';
import type { Files, Machine } from '../../../core/machine.js';
import { formatBytes } from '../../../core/text.js';
import { extractOptions } from '../../../formats/vindex/extract-options.js';
import { BLAS } from '../../../larql/environment.js';
import { findLarql } from '../../../larql/find-larql.js';
import { digestOf } from '../../../core/digests.js';
import type { ArtifactPlan } from '../../../plan/artifact-plan.js';
import type { Provenance } from '../../../plan/provenance.js';
import { CONVERSIONS, type Recipe, type VindexRecipe } from '../../../plan/recipe.js';
import { freeDiskAt } from '../../scratch/capacity.js';

const conversionMismatch = (message: string, { predicate }: Provenance): SwpError => {
  const { swp } = predicate.runDetails.builder.version;
  return new SwpError('conflict', 'rebuild/conversion', message, {
    hint: `Use the SWP that published it${swp === undefined ? '' : `, version ${swp}`}: this version makes other bytes.`,
  });
};

/**
 * Checks that this SWP makes the same conversion as a recipe.
 *
 * @throws SwpError `rebuild/conversion`
 */
export const checkConversion = (recipe: Recipe, provenance: Provenance): void => {
  const ours = CONVERSIONS[recipe.kind];
  if (recipe.conversion !== ours)
    throw conversionMismatch(
      `It was made by conversion ${recipe.conversion} of ${recipe.kind}; this SWP has conversion ${ours}.`,
      provenance,
    );
  if (recipe.kind !== 'vindex') return;
  const { level } = extractOptions(recipe.quant);
  if (recipe.level !== level || digestOf(recipe.blas) !== digestOf(BLAS))
    throw conversionMismatch('It was made by a larql with another level or other BLAS settings than this SWP uses.', provenance);
};

/**
 * Checks that this machine has exactly the larql that extracted a vindex.
 *
 * @throws SwpError `rebuild/larql` with the required digest and the one found
 */
export const checkLarql = async (files: Files, env: NodeJS.ProcessEnv, { larql: { sha256 } }: VindexRecipe): Promise<void> => {
  const found = await findLarql(files, env);
  if (found?.sha256 === sha256) return;
  const here = found === null ? 'this machine has none' : `${found.path} has ${found.sha256}`;
  throw new SwpError('not-found', 'rebuild/larql', `The rebuild needs the larql with SHA-256 ${sha256}; ${here}.`, {
    hint: 'Point SWP_LARQL or PATH to that larql.',
  });
};

/**
 * Checks that this machine has enough disk and memory for a rebuild.
 *
 * @param root directory of the rebuild
 * @throws SwpError `scratch/no-space`, `rebuild/no-memory`
 */
export const checkSpace = async (
  machine: Machine,
  root: string,
  { diskBytes, memoryBytes }: Pick<ArtifactPlan['estimate'], 'diskBytes' | 'memoryBytes'>,
): Promise<void> => {
  const free = await freeDiskAt(machine.files, root);
  if (diskBytes > free)
    throw new SwpError(
      'quota',
      'scratch/no-space',
      `The rebuild needs ${formatBytes(diskBytes)} of disk, but ${root} has only ${formatBytes(free)} free.`,
      {
        hint: 'Free space there, or choose a directory on another disk with --scratch.',
      },
    );
  if (memoryBytes > machine.memoryBytes)
    throw new SwpError(
      'quota',
      'rebuild/no-memory',
      `The rebuild needs about ${formatBytes(memoryBytes)} of memory, but this machine has only ${formatBytes(machine.memoryBytes)}.`,
      { hint: 'Rebuild it on a machine with more memory.' },
    );
};
