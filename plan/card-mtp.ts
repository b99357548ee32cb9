import { formatBytes, plural } from '../core/text.js';
import { cardTemplate, type CardInput } from './card.js';
import { codeSpan, escapeMarkdown } from './escape.js';

export interface MtpCardInput extends CardInput {
  readonly heads: number;
  readonly tensors: number;
  /** Number of these tensors that the source stores quantised. */
  readonly decoded: number;
  readonly names: 'skulk' | 'source';
  readonly payloadBytes: number;
  readonly copied: readonly string[];
}

const makingText = ({ tensors, decoded }: MtpCardInput): string =>
  decoded === 0
    ? 'The tensors are byte-identical to those of the source; nothing is quantised.'
    : `${plural(decoded, 'tensor')} that the source stores quantised ${decoded === 1 ? 'is' : 'are'} decoded to BF16; the other ${tensors - decoded} are byte-identical to those of the source.`;

const namesText = ({ names }: MtpCardInput): string =>
  names === 'skulk'
    ? "The tensor names are those that Skulk's loader expects (`mtp_names: skulk`)."
    : 'The tensor names are those of the source (`mtp_names: source`).';

/** Returns the card of an MTP sidecar, with its slots unfilled. */
export const mtpCardTemplate = (input: MtpCardInput): string => {
  const { source, copied } = input;
  return cardTemplate(input, {
    library: 'safetensors',
    tags: ['skulk', 'mtp', 'multi-token-prediction', 'speculative-decoding'],
    title: `MTP sidecar of ${escapeMarkdown(source.repo)}`,
    about: `The multi-token prediction heads of [${escapeMarkdown(source.repo)}](https://huggingface.co/${source.repo}), as one
\`mtp.safetensors\` beside the model: ${plural(input.heads, 'head')}, ${plural(input.tensors, 'tensor')}, ${formatBytes(input.payloadBytes)}. Skulk loads
them to draft tokens for speculative decoding. ${makingText(input)} ${namesText(input)} \`mtp.tensors.json\`
lists the source of every tensor.`,
    facts: copied.length === 0 ? [] : [`Copied from the source: ${copied.map((path) => codeSpan(path)).join(', ')}`],
    directory: 'sidecar',
  });
};
