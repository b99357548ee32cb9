import { nameGeneration } from '../formats/vindex/file-names.js';
import type { VindexQuant, VindexSlice } from '../formats/vindex/extract-options.js';
import type { LarqlFacts, LastPublish } from './facts.js';
import { manifestOf } from './provenance.js';

/**
 * Derives facts about the larql of a target's last publish from the record of that publish: this larql can write again what
 * it wrote, and the fleet reads what is published. Options that the publish did not use stay unknown.
 *
 * @returns the problem if the record is too little for a plan
 */
export const larqlOfPublish = (
  last: LastPublish | null,
  { quant, slice }: { readonly quant: VindexQuant; readonly slice: VindexSlice },
): { readonly facts: LarqlFacts } | { readonly problem: string } => {
  const recipe = last?.provenance.predicate.buildDefinition.externalParameters.recipe;
  if (last === null || recipe?.kind !== 'vindex') return { problem: 'no published vindex records a larql for it' };
  const { sha256, blocks } = recipe.larql;
  const names = nameGeneration(manifestOf(last.provenance).files.map(({ path }) => path));
  if (quant !== 'none' && names === null)
    return { problem: `the published vindex is not quantised, so it is unknown which names its larql gives to files of ${quant}` };
  if (slice === 'expert-server' && recipe.slice !== slice)
    return { problem: 'the published vindex is not an expert-server slice, so it is unknown whether its larql can make one' };
  return {
    facts: {
      sha256,
      quants: names === null && blocks === 'none' ? ['none'] : ['none', 'q4k'],
      expertServer: recipe.slice === 'expert-server',
      blocks,
      fleetBlocks: blocks === 'none' ? null : blocks,
      names: names ?? 'q4k',
      standIn: false,
    },
  };
};
