import { sanitizeLine } from '../../core/text.js';
import type { Check } from '../checks.js';
import type { ArtifactReview, EntryReview, ReviewedArtifact } from '../catalog-review.js';
import type { Paint } from './paint.js';
import { changeText, countsText, NO_DIGEST, outlook, REVIEW_CAVEAT } from './review-words.js';
import { artifactLines, changeLines, checkLines } from './terminal.js';

const besideLines = ({ unknown }: ReviewedArtifact, checks: readonly Check[], paint: Paint): string[] => [
  ...checkLines(checks, paint),
  ...unknown.map(({ code, message }) => `    ${paint.careful('unknown')} ${code}: ${sanitizeLine(message, 2000)}`),
];

const reviewedLines = (review: ArtifactReview, paint: Paint): string[] => {
  const { kind, before, after, changes } = review;
  const title = (target: string): string => `${kind} -> ${target}`;
  if (after === null) return ['', paint.bold(title(before?.target ?? '')), `  ${changeText(review) ?? ''}`];
  const change = changeText(review);
  const isWhole = after.plan !== null && !before?.plan;
  return [
    ...(isWhole ? artifactLines(after.plan, paint) : ['', `${paint.bold(title(after.target))}: ${outlook(after)}`]),
    ...besideLines(
      after,
      [...(isWhole ? [] : (after.plan?.checks ?? []).filter(({ verdict }) => verdict !== 'ok')), ...after.checks],
      paint,
    ),
    ...(change === null ? [] : [`  ${change}`]),
    ...changeLines(changes),
  ];
};

const entryLines = (review: EntryReview, paint: Paint): string[] => [
  '',
  paint.bold(`${review.name}: ${review.change}`),
  ...changeLines(review.fields),
  ...(review.digest === null ? [] : [`  plan ${review.digest}`]),
  ...(review.artifacts.some(({ after }) => (after?.unknown.length ?? 0) > 0) ? [`  ${paint.dim(NO_DIGEST)}`] : []),
  ...review.artifacts.flatMap((artifact) => reviewedLines(artifact, paint)),
];

/** Renders the effect of a catalog change on the plans, for a terminal or a pipe. */
export const reviewText = (reviews: readonly EntryReview[], paint: Paint): string =>
  [
    paint.bold(`Catalog: ${countsText(reviews)}`),
    ...(reviews.length === 0 ? [] : [paint.dim(REVIEW_CAVEAT)]),
    ...reviews.flatMap((review) => entryLines(review, paint)),
  ].join('\n');
