import { problemText, type Problem } from '../../catalog/problem.js';
import { plural, sanitizeLine } from '../../core/text.js';
import { diffPlans, type PlanChange } from '../diff.js';
import { codeSpan, escapeMarkdown } from '../escape.js';
import { planMarkdown, type ShownPlan } from './markdown.js';
import type { Paint } from './paint.js';
import { changeTable, SUMMARY_LIMIT, table } from './tables.js';
import { changeLines, planText } from './terminal.js';
import { planSummary } from './words.js';
import type { EntryChange } from '../../catalog/compare.js';

/** An entry that differs between two catalogs, with a dry run of it. */
export interface EntryReview {
  readonly name: string;
  readonly change: EntryChange['change'];
  /** Fields of the entry that differ; empty unless it is in both catalogs. */
  readonly fields: readonly PlanChange[];
  /** Null if there is none: the entry was removed, or could not be planned. */
  readonly plan: ShownPlan | null;
  /** The reason why it could not be planned. */
  readonly reason: string | null;
}

/** Limit of rows in each table, so that no single entry fills a summary. */
const MOST_ROWS = 100;
/** Limit of entries in the table at the top, and in the list of entries that were cut. */
const MOST_LISTED = 500;
/** Bytes that are reserved for the text about cut entries. */
const CUT_BYTES = 120_000;

const CAVEAT =
  'Each plan is a dry run on this machine, with its tokens, disk and larql. A publish makes its own plan, and only that plan is approved.';
const REMOVED = 'It is no longer published. Nothing is deleted: its targets stay as they are.';

export const fieldsOf = (change: EntryChange): readonly PlanChange[] =>
  change.change === 'changed' ? diffPlans(change.before.entry, change.after.entry) : [];

const countsText = (reviews: readonly EntryReview[]): string => {
  const counts = (['added', 'changed', 'removed'] as const).flatMap((change) => {
    const count = reviews.filter((review) => review.change === change).length;
    return count === 0 ? [] : [`${plural(count, 'entry', 'entries')} ${change}`];
  });
  return counts.length === 0 ? 'no entry differs' : counts.join(', ');
};

const notPlanned = ({ change, reason }: EntryReview): string => (change === 'removed' ? REMOVED : `Not planned: ${reason ?? 'unknown'}`);

const joinParts = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null && part !== '').join('\n\n');
const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

const entrySection = (review: EntryReview): string =>
  joinParts([
    `## ${codeSpan(review.name)}: ${review.change}`,
    review.fields.length === 0 ? null : changeTable(review.fields, MOST_ROWS),
    review.plan === null
      ? escapeMarkdown(notPlanned(review), 600)
      : planMarkdown(review.plan, SUMMARY_LIMIT, MOST_ROWS).replaceAll(/^#/gm, '##'),
  ]);

const overview = (reviews: readonly EntryReview[]): string =>
  table(
    ['entry', 'change', 'effect'],
    reviews.map((review) => [
      codeSpan(review.name),
      review.change,
      review.plan === null
        ? escapeMarkdown(notPlanned(review), 300)
        : review.plan.artifacts.map((plan) => `${plan.kind}: ${plan.action}, ${escapeMarkdown(planSummary(plan))}`).join('<br>'),
    ]),
    MOST_LISTED,
  );

/** Returns the sections that fit, in order, and the names of the entries whose section does not. */
const fitting = (reviews: readonly EntryReview[], maxBytes: number): { readonly sections: string[]; readonly cut: string[] } => {
  const sections: string[] = [];
  const cut: string[] = [];
  let freeBytes = maxBytes;
  for (const review of reviews) {
    const section = entrySection(review);
    const bytes = bytesOf(section) + 2;
    if (bytes > freeBytes) cut.push(codeSpan(review.name));
    else {
      sections.push(section);
      freeBytes -= bytes;
    }
  }
  return { sections, cut };
};

const cutText = (names: readonly string[]): string | null =>
  names.length === 0
    ? null
    : `**Cut here**: GitHub shows at most 1 MiB. Left out: ${plural(names.length, 'entry', 'entries')}, ${names.slice(0, MOST_LISTED).join(', ')}${names.length > MOST_LISTED ? ' and more' : ''}. See them with \`swp catalog diff\` in a checkout.`;

/** Renders the mistakes of a catalog. */
export const mistakesMarkdown = (which: string, problems: readonly Problem[]): string =>
  joinParts([
    `**${which} has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:**`,
    [
      ...problems.slice(0, MOST_ROWS).map((problem) => `- ${escapeMarkdown(problemText(problem), 600)}`),
      ...(problems.length > MOST_ROWS ? [`- and ${problems.length - MOST_ROWS} more`] : []),
    ].join('\n'),
  ]);

/**
 * Renders the change of a catalog as GitHub-flavoured Markdown for a job summary. Everything from outside is escaped.
 *
 * @param baseProblems the mistakes of the catalog before, which make a comparison impossible
 */
export const reviewMarkdown = (reviews: readonly EntryReview[], baseProblems: readonly Problem[], maxBytes = SUMMARY_LIMIT): string => {
  const head = joinParts([
    `# Catalog: ${countsText(reviews)}`,
    baseProblems.length === 0
      ? null
      : joinParts([
          mistakesMarkdown('The base catalog', baseProblems),
          'There is no valid base to compare with, so every entry counts as added.',
        ]),
    reviews.length === 0 ? null : CAVEAT,
    overview(reviews),
  ]);
  const { sections, cut } = fitting(reviews, maxBytes - bytesOf(head) - CUT_BYTES);
  return joinParts([head, ...sections, cutText(cut)]);
};

/** Renders the change of a catalog for a terminal or a pipe. */
export const reviewText = (reviews: readonly EntryReview[], paint: Paint): string =>
  [
    paint.bold(`Catalog: ${countsText(reviews)}`),
    ...(reviews.length === 0 ? [] : [paint.dim(CAVEAT)]),
    ...reviews.flatMap((review) => [
      '',
      paint.bold(`${review.name}: ${review.change}`),
      ...changeLines(review.fields),
      review.plan === null ? `  ${sanitizeLine(notPlanned(review), 2000)}` : planText(review.plan, paint),
    ]),
  ].join('\n');
