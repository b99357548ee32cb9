import { problemText, type Problem } from '../../catalog/problem.js';
import { plural } from '../../core/text.js';
import { codeSpan, escapeMarkdown } from '../escape.js';
import type { ArtifactReview, EntryReview, ReviewedArtifact } from '../catalog-review.js';
import { artifactSection } from './markdown.js';
import { changeText, countsText, NO_DIGEST, outlook, REVIEW_CAVEAT } from './review-words.js';
import { changeTable, checkTable, SUMMARY_LIMIT, table } from './tables.js';

/** Limit of rows in each table, so that no single entry fills a summary. */
const MOST_ROWS = 100;
/** Limit of entries in the table at the top, and in the list of entries that were cut. */
const MOST_LISTED = 500;
/** Bytes that are reserved for the text about cut entries. */
const CUT_BYTES = 120_000;

const present = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null && part !== '').join('\n\n');
const sizeOf = (text: string): number => new TextEncoder().encode(text).byteLength;

const list = (items: readonly string[]): string =>
  [
    ...items.slice(0, MOST_ROWS).map((item) => `- ${item}`),
    ...(items.length > MOST_ROWS ? [`- and ${items.length - MOST_ROWS} more`] : []),
  ].join('\n');

const unknownSection = ({ unknown }: ReviewedArtifact): string | null =>
  unknown.length === 0
    ? null
    : `Unknown here:\n\n${list(unknown.map(({ code, message }) => `${codeSpan(code)}: ${escapeMarkdown(message, 600)}`))}`;

/** Shows the whole plan, if there is no plan to compare it with. */
const wholePlan = (artifact: ReviewedArtifact): string[] =>
  artifact.plan === null
    ? [`### ${artifact.kind} → ${escapeMarkdown(artifact.target)}`, `**${escapeMarkdown(outlook(artifact))}**`]
    : artifactSection(artifact.plan, MOST_ROWS);

/** Shows the summary of a compared plan, and the checks that a reviewer has to judge. */
const shortPlan = (artifact: ReviewedArtifact): string[] => [
  `### ${artifact.kind} → ${escapeMarkdown(artifact.target)}`,
  `**${escapeMarkdown(outlook(artifact))}**`,
  checkTable(artifact.plan?.checks.filter(({ verdict }) => verdict !== 'ok') ?? [], MOST_ROWS),
];

const artifactReview = (review: ArtifactReview): string => {
  const { kind, before, after, changes } = review;
  if (after === null) return present([before === null ? null : `### ${kind} → ${escapeMarkdown(before.target)}`, changeText(review)]);
  return present([
    ...(before?.plan ? shortPlan(after) : wholePlan(after)),
    checkTable(after.checks, MOST_ROWS),
    changeText(review),
    changes.length === 0 ? null : `Changes of its plan:\n\n${changeTable(changes, MOST_ROWS)}`,
    unknownSection(after),
  ]);
};

const digestText = ({ change, digest, artifacts }: EntryReview): string | null => {
  if (change === 'removed') return null;
  if (digest !== null) return `Plan digest: ${codeSpan(digest)}`;
  return artifacts.some(({ after }) => (after?.unknown.length ?? 0) > 0) ? NO_DIGEST : null;
};

const entrySection = (review: EntryReview): string =>
  present([
    `## ${codeSpan(review.name)}: ${review.change}`,
    review.fields.length === 0 ? null : changeTable(review.fields, MOST_ROWS),
    digestText(review),
    ...review.artifacts.map(artifactReview),
  ]);

const overview = (reviews: readonly EntryReview[]): string =>
  table(
    ['entry', 'change', 'effect'],
    reviews.map((review) => [
      codeSpan(review.name),
      review.change,
      review.artifacts
        .map(({ kind, after }) => `${kind}: ${after === null ? 'no longer published' : escapeMarkdown(outlook(after))}`)
        .join('<br>'),
    ]),
    MOST_LISTED,
  );

const cutText = (names: readonly string[]): string | null =>
  names.length === 0
    ? null
    : `**Cut here**: GitHub shows at most 1 MiB. Left out: ${plural(names.length, 'entry', 'entries')}, ${names
        .slice(0, MOST_LISTED)
        .map((name) => codeSpan(name))
        .join(', ')}${names.length > MOST_LISTED ? ' and more' : ''}. See them with \`swp catalog diff\` in a checkout.`;

/** Returns the sections that fit, in order. A section that is too long is cut, but later ones that fit are kept. */
const fitting = (reviews: readonly EntryReview[], room: number): { readonly sections: string[]; readonly cut: string[] } => {
  const sections: string[] = [];
  const cut: string[] = [];
  let left = room;
  for (const review of reviews) {
    const section = entrySection(review);
    const size = sizeOf(section) + 2;
    if (size > left) cut.push(review.name);
    else {
      sections.push(section);
      left -= size;
    }
  }
  return { sections, cut };
};

/** Renders the mistakes of a catalog. */
export const mistakesMarkdown = (which: string, problems: readonly Problem[]): string =>
  present([
    `**${which} has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:**`,
    list(problems.map((problem) => escapeMarkdown(problemText(problem), 600))),
  ]);

/**
 * Renders the effect of a catalog change on the plans, as GitHub-flavoured Markdown for a job summary. Everything from outside
 * is escaped.
 *
 * @param baseProblems the mistakes of the catalog before, which make a comparison impossible
 */
export const reviewMarkdown = (reviews: readonly EntryReview[], baseProblems: readonly Problem[], maxBytes = SUMMARY_LIMIT): string => {
  const head = present([
    `# Catalog: ${countsText(reviews)}`,
    baseProblems.length === 0
      ? null
      : present([
          mistakesMarkdown('The base catalog', baseProblems),
          'There is no valid base to compare with, so every entry counts as added.',
        ]),
    reviews.length === 0 ? null : REVIEW_CAVEAT,
    overview(reviews),
  ]);
  const { sections, cut } = fitting(reviews, maxBytes - sizeOf(head) - CUT_BYTES);
  return present([head, ...sections, cutText(cut)]);
};
