import { formatBytes, plural } from '../core/text.js';
import type { SourceModel } from '../formats/vindex/source-model.js';
import { cardTemplate, type CardInput } from './card.js';
import { escapeMarkdown } from './escape.js';
import type { VindexRecipe } from './recipe.js';

export interface VindexCardInput extends CardInput {
  readonly recipe: VindexRecipe;
  readonly model: SourceModel;
  readonly outputBytes: number;
}

const ROLE: Readonly<Record<VindexRecipe['slice'], string>> = {
  full: 'A CPU host with much memory loads it and serves the feed-forward weights, while GPU nodes compute attention.',
  'expert-server':
    'An expert server, a CPU host with much memory, loads it and serves the experts; attention is computed elsewhere, from the full vindex.',
};

const BLOCKS = {
  early: 'as written and read by larql before August 2026',
  ggml: 'as written and read by GGML, and by larql since August 2026',
};

const dimensions = ({ config: { layers, hidden, experts, expertsPerToken }, architecture }: SourceModel): string =>
  [
    plural(layers, 'layer'),
    `hidden size ${hidden}`,
    ...(architecture.experts > 0 ? [`${plural(experts ?? architecture.experts, 'expert')}, ${expertsPerToken ?? '?'} a token`] : []),
  ].join(', ');

/** Returns the card of a vindex, with its slots unfilled. */
export const vindexCardTemplate = (input: VindexCardInput): string => {
  const { source, recipe, model, target } = input;
  const isSlice = recipe.slice === 'expert-server';
  return cardTemplate(input, {
    tags: ['skulk', 'larql', 'vindex', ...(isSlice ? ['expert-server'] : [])],
    title: `${isSlice ? 'Expert-server slice of the vindex' : 'Vindex'} of ${escapeMarkdown(source.repo)}`,
    about: `[${escapeMarkdown(source.repo)}](https://huggingface.co/${source.repo}) decompiled by LARQL into a directory of memory-mapped files:
${dimensions(model)}; about ${formatBytes(input.outputBytes)}. ${ROLE[recipe.slice]}

Download it with \`hf download ${target} --local-dir vindex\`. Do not use \`larql pull\`: it omits the quantised weights and \`layers/\`.`,
    facts: [
      `Quantisation: \`${recipe.quant}\`, slice: \`${recipe.slice}\``,
      ...(recipe.larql.blocks === 'none'
        ? []
        : [`Blocks of Q6_K and Q4_0 are laid out ${BLOCKS[recipe.larql.blocks]} (\`${recipe.larql.blocks}\`)`]),
      `larql: SHA-256 \`${recipe.larql.sha256}\``,
    ],
    directory: 'vindex',
  });
};
