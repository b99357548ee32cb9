import { formatBytes, sanitizeLine } from '../../core/text.js';
import type { ArtifactPlan } from '../artifact-plan.js';
import type { Check } from '../checks.js';
import type { PlanChange } from '../diff.js';
import { approvalsText, type ShownPlan } from './markdown.js';
import type { Paint } from './paint.js';
import { commandsForTheRest, operationWords, planSummary } from './words.js';

const verdictOf = (check: Check, paint: Paint): string => {
  switch (check.verdict) {
    case 'ok':
      return paint.good('ok     ');
    case 'warn':
      return paint.careful('warn   ');
    case 'blocked':
      return paint.bad('blocked');
  }
};

const checkLines = (checks: readonly Check[], paint: Paint): string[] =>
  checks.flatMap((check) => [
    `    ${verdictOf(check, paint)} ${check.code}: ${sanitizeLine(check.message, 2000)}`,
    ...(check.fix === undefined ? [] : [`            ${paint.dim(sanitizeLine(check.fix, 2000))}`]),
  ]);

/** Renders each difference as one line. */
export const changeLines = (changes: readonly PlanChange[]): string[] =>
  changes.map(({ path, before, after }) => `  ${sanitizeLine(`${path}: ${before ?? '(nothing)'} -> ${after ?? '(nothing)'}`, 600)}`);

/** Widest column of paths. A longer path only shifts the text after it in its own row. */
const WIDEST_COLUMN = 72;

const needsText = ({ diskBytes, memoryBytes }: ArtifactPlan['estimate']): string =>
  [
    ...(diskBytes === 0 ? [] : [`${formatBytes(diskBytes)} of disk`]),
    ...(memoryBytes === 0 ? [] : [`${formatBytes(memoryBytes)} of memory`]),
  ].join(', ') || 'no disk and no memory of a host';

/** Renders one artifact's plan, with an empty line before it. */
const artifactLines = (plan: ArtifactPlan, paint: Paint): string[] => {
  const operations = plan.operations
    .map(operationWords)
    .map((words) => ({ ...words, path: sanitizeLine(words.path), reason: sanitizeLine(words.reason) }));
  const widest = Math.min(WIDEST_COLUMN, Math.max(0, ...operations.map((words) => words.path.length)));
  return [
    '',
    paint.bold(`${plan.kind} -> ${plan.target.repo}: ${plan.action}`),
    `  ${planSummary(plan)}`,
    ...(plan.source === null
      ? []
      : [`  source  ${plan.source.repo} @ ${plan.source.commit} (license ${sanitizeLine(plan.source.license ?? 'unknown')})`]),
    `  head    ${plan.target.head ?? 'none: the target does not exist yet, or is empty'}`,
    ...(plan.recipeDigest === null ? [] : [`  recipe  ${plan.recipeDigest}`]),
    `  needs   ${needsText(plan.estimate)}`,
    ...(operations.length === 0 ? [] : ['  operations']),
    ...operations.map((words) => `    ${words.what.padEnd(7)} ${words.path.padEnd(widest)}  ${paint.dim(words.reason)}`),
    '  checks',
    ...checkLines(plan.checks, paint),
  ];
};

/**
 * Renders the whole plan for a terminal, or for a pipe with {@link PLAIN}. The last line has no newline. Text from outside
 * stays on its line: it can neither style text nor add lines that look like ours.
 */
export const planText = (shown: ShownPlan, paint: Paint): string =>
  [
    `${paint.bold(`Plan of ${shown.entryName}`)}, round ${shown.round}`,
    shown.digest,
    ...[approvalsText(shown)].filter((text) => text !== null),
    ...(shown.changes.length === 0 ? [] : ['', paint.bold('Changed since the round before'), ...changeLines(shown.changes)]),
    ...shown.artifacts.flatMap((plan) => artifactLines(plan, paint)),
    ...(shown.volatile.length === 0 ? [] : ['', paint.bold('Checked now, and again before work'), ...checkLines(shown.volatile, paint)]),
    ...commandsForTheRest(shown.entryName, shown.artifacts).map(
      (command, at) => `${at === 0 ? '\nPublish only what is not blocked:\n' : ''}  ${command}`,
    ),
  ].join('\n');
