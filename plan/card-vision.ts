import { formatBytes, plural } from '../core/text.js';
import { CARD_PATH, cardTemplate, type CardInput } from './card.js';
import { codeSpan, escapeMarkdown } from './escape.js';

export interface VisionCardInput extends CardInput {
  readonly files: number;
  readonly payloadBytes: number;
  /** Files of the source that are not mirrored. */
  readonly leftOut: readonly string[];
}

const placeText = ({ source: { repo, commit }, leftOut }: VisionCardInput): string =>
  leftOut.includes(CARD_PATH)
    ? ` This card\nreplaces the source's README; read the original [there](https://huggingface.co/${repo}/blob/${commit}/${CARD_PATH}).`
    : '';

/** Returns the card of a vision mirror, with its slots unfilled. It replaces the source's own card, and says so. */
export const visionCardTemplate = (input: VisionCardInput): string => {
  const { source, leftOut } = input;
  return cardTemplate(input, {
    library: 'safetensors',
    tags: ['skulk', 'vision', 'mirror'],
    title: `Vision sidecar: mirror of ${escapeMarkdown(source.repo)}`,
    about: `A mirror of [${escapeMarkdown(source.repo)}](https://huggingface.co/${source.repo}) at one pinned commit, from which Skulk loads a vision
encoder: ${plural(input.files, 'file')}, ${formatBytes(input.payloadBytes)}, each byte-identical to that of the source.${placeText(input)}`,
    facts:
      leftOut.length === 0
        ? []
        : [`Not mirrored, because this repository has its own: ${leftOut.map((path) => codeSpan(path)).join(', ')}`],
    directory: 'vision',
  });
};
