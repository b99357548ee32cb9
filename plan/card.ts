import { stringify } from 'yaml';
import type { CommitSha, Digest, RepoId } from '../core/ids.js';
import { plural } from '../core/text.js';
import { codeSpan, escapeMarkdown } from './escape.js';
import type { License } from '../hub/repo-file.js';
import type { ManifestFile } from './manifest.js';

export const CARD_PATH = 'README.md';

/** The two slots that sealing fills. Everything else in a card is part of the approved plan. */
export const CARD_SLOTS = { planDigest: '{{swp:plan-digest}}', fileTable: '{{swp:file-table}}' } as const;

/** The facts in the card of every kind. */
export interface CardInput {
  readonly target: RepoId;
  readonly source: { readonly repo: RepoId; readonly commit: CommitSha; readonly license: License | null };
  readonly recipeDigest: Digest;
  readonly tools: Readonly<Record<string, string>>;
}

const frontMatter = ({ source: { repo, license } }: CardInput, { tags, library }: CardText): string => {
  const fields = {
    ...(license?.id ? { license: license.id } : {}),
    ...(license?.name ? { license_name: license.name } : {}),
    ...(license?.link ? { license_link: license.link } : {}),
    base_model: [repo],
    ...(library === undefined ? {} : { library_name: library }),
    tags,
  };
  // A license is text from the source's card: split its double braces, so that it cannot form a slot.
  return stringify(fields, { lineWidth: 0 }).replace(/\{(?=\{)/g, '{ ');
};

const toolList = (tools: Readonly<Record<string, string>>): string =>
  Object.entries(tools)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, version]) => `- ${escapeMarkdown(name)} ${escapeMarkdown(version)}`)
    .join('\n');

export interface CardText {
  readonly tags: readonly string[];
  /** The library that the files are for, if the Hub knows it. */
  readonly library?: string;
  /** Escaped Markdown, on one line. */
  readonly title: string;
  /** Markdown that says what the repository is and how its bytes were made. */
  readonly about: string;
  /** Markdown list items, in addition to those about source, plan and recipe. */
  readonly facts: readonly string[];
  /** Directory into which the commands of the check download the files. */
  readonly directory: string;
}

/** Returns the whole model card with {@link CARD_SLOTS} unfilled: the common text, around the texts of one kind. */
export const cardTemplate = (input: CardInput, text: CardText): string => {
  const { source } = input;
  const pinned = `https://huggingface.co/${source.repo}/tree/${source.commit}`;
  return `---
${frontMatter(input, text)}---

# ${text.title}

${text.about}

- Source commit: [\`${source.commit}\`](${pinned})
- Plan: \`${CARD_SLOTS.planDigest}\`
- Recipe: \`${input.recipeDigest}\`
${text.facts.map((fact) => `- ${fact}\n`).join('')}
## Files

${CARD_SLOTS.fileTable}

## How to check it

\`\`\`sh
hf download ${input.target} --local-dir ${text.directory} && cd ${text.directory}
jq -r '.subject[] | .digest.sha256 + "  " + .name' provenance.json | sha256sum --check
\`\`\`

\`provenance.json\` is an in-toto statement. It lists every file above with its digest, the source commit, the recipe, the plan
and its approvals.

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
