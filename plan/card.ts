import { stringify } from 'yaml';
import type { CommitSha, Digest, RepoId } from '../core/ids.js';
import { formatBytes, plural } from '../core/text.js';
import { codeSpan, escapeMarkdown } from './escape.js';
import type { License } from './facts.js';
import type { ManifestFile } from './manifest.js';

export const CARD_PATH = 'README.md';

/** The two places that sealing fills; everything else in a card is in the approved plan. */
export const CARD_SLOTS = { planDigest: '{{swp:plan-digest}}', fileTable: '{{swp:file-table}}' } as const;

export interface MtpCardInput {
  readonly target: RepoId;
  readonly source: { readonly repo: RepoId; readonly commit: CommitSha; readonly license: License | null };
  readonly heads: number;
  readonly tensors: number;
  /** How many of them were quantised in the source. */
  readonly decoded: number;
  readonly names: 'skulk' | 'source';
  readonly payloadBytes: number;
  readonly recipeDigest: Digest;
  readonly copied: readonly string[];
  readonly tools: Readonly<Record<string, string>>;
}

const frontMatter = (input: MtpCardInput): string => {
  const { license } = input.source;
  const fields = {
    ...(license?.id ? { license: license.id } : {}),
    ...(license?.name ? { license_name: license.name } : {}),
    ...(license?.link ? { license_link: license.link } : {}),
    base_model: [input.source.repo],
    library_name: 'safetensors',
    tags: ['skulk', 'mtp', 'multi-token-prediction', 'speculative-decoding'],
  };
  // A license is text from the source's card: it may not open a slot, however many braces it brings.
  return stringify(fields, { lineWidth: 0 }).replace(/\{(?=\{)/g, '{ ');
};

const toolList = (tools: Readonly<Record<string, string>>): string =>
  Object.entries(tools)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, version]) => `- ${escapeMarkdown(name)} ${escapeMarkdown(version)}`)
    .join('\n');

const makingText = ({ tensors, decoded }: MtpCardInput): string =>
  decoded === 0
    ? 'The tensors are byte for byte those of the source; nothing is quantised.'
    : `${plural(decoded, 'tensor')} that the source stores quantised ${decoded === 1 ? 'is' : 'are'} decoded to BF16; the other ${tensors - decoded} are byte for byte those of the source.`;

const namesText = ({ names }: MtpCardInput): string =>
  names === 'skulk'
    ? "Names are those that Skulk's loader looks for (`mtp_names: skulk`)."
    : 'Names are those of the source (`mtp_names: source`).';

/** The whole model card of an MTP sidecar, with {@link CARD_SLOTS} still open. */
export const mtpCardTemplate = (input: MtpCardInput): string => {
  const { source } = input;
  const pinned = `https://huggingface.co/${source.repo}/tree/${source.commit}`;
  return `---
${frontMatter(input)}---

# MTP sidecar of ${escapeMarkdown(source.repo)}

The multi-token prediction heads of [${escapeMarkdown(source.repo)}](https://huggingface.co/${source.repo}), as one
\`mtp.safetensors\` beside the model: ${plural(input.heads, 'head')}, ${plural(input.tensors, 'tensor')}, ${formatBytes(input.payloadBytes)}. Skulk loads
them to draft tokens for speculative decoding. ${makingText(input)} ${namesText(input)} \`mtp.tensors.json\`
lists for every tensor what it was made of.

- Source commit: [\`${source.commit}\`](${pinned})
- Plan: \`${CARD_SLOTS.planDigest}\`
- Recipe: \`${input.recipeDigest}\`
${input.copied.length === 0 ? '' : `- Copied from the source: ${input.copied.map((path) => codeSpan(path)).join(', ')}\n`}
## Files

${CARD_SLOTS.fileTable}

## How to check it

\`\`\`sh
hf download ${input.target} --local-dir sidecar && cd sidecar
jq -r '.subject[] | .digest.sha256 + "  " + .name' provenance.json | sha256sum --check
\`\`\`

\`provenance.json\` is an in-toto statement: every file above with its digest, the source commit, the recipe, the plan and
who approved it.

## Made with

${toolList(input.tools)}
`;
};

const fileTable = (files: readonly ManifestFile[]): string => {
  const rows = files.map((file) => `| ${codeSpan(file.path)} | ${plural(file.size, 'byte')} | \`${file.sha256}\` |`);
  return ['| file | size | sha256 |', '|---|---|---|', ...rows].join('\n');
};

/** Fills the slots after sealing. `files` are the manifest's files without the card itself. */
export const fillCard = (template: string, planDigest: Digest, files: readonly ManifestFile[]): string =>
  template.replace(CARD_SLOTS.planDigest, () => planDigest).replace(CARD_SLOTS.fileTable, () => fileTable(files));
