import type { Digest } from '../../core/ids.js';
import { policyText, type ApprovalPolicy } from '../approval.js';
import type { ArtifactPlan } from '../artifact-plan.js';
import type { Check } from '../checks.js';
import type { PlanChange } from '../diff.js';
import { codeSpan, escapeMarkdown } from '../escape.js';
import { changeTable, checkTable, cutAtLine, table } from './tables.js';
import { commandsForTheRest, operationWords, planSummary } from './words.js';

/** Limit in bytes: the Web UI shows details up to 20 kB. A longer plan says where the rest is. */
const MARKDOWN_LIMIT = 15_000;

/** Renders one artifact's plan under its heading. */
const artifactSection = (plan: ArtifactPlan, mostRows?: number): string[] => [
  `### ${plan.kind} → ${escapeMarkdown(plan.target.repo)}`,
  `**${plan.action}**: ${escapeMarkdown(planSummary(plan))}`,
  ...(plan.source === null
    ? []
    : [
        `Source: ${codeSpan(plan.source.repo)} at ${codeSpan(plan.source.commit)}, license ${escapeMarkdown(plan.source.license ?? 'unknown')}`,
      ]),
  `Target's head: ${codeSpan(plan.target.head ?? 'none')}`,
  table(
    ['operation', 'file', 'reason'],
    plan.operations.map(operationWords).map((words) => [words.what, codeSpan(words.path), escapeMarkdown(words.reason)]),
    mostRows,
  ),
  checkTable(plan.checks, mostRows),
];

const changeSection = (changes: readonly PlanChange[]): string[] =>
  changes.length === 0 ? [] : ['### Changed since the round before', changeTable(changes, 20)];

export interface ShownPlan {
  readonly entryName: string;
  readonly digest: Digest;
  readonly round: number;
  readonly artifacts: readonly ArtifactPlan[];
  readonly volatile: readonly Check[];
  readonly changes: readonly PlanChange[];
  /** The approval rules; absent in plans of earlier versions. */
  readonly approvals?: ApprovalPolicy;
  readonly startedBy?: string | null;
}

/** Describes the approval rules; returns null if one approval by any person is enough. */
export const approvalsText = ({ approvals, startedBy }: ShownPlan): string | null =>
  approvals === undefined ? null : policyText(approvals, startedBy ?? null);

/**
 * Renders the plan as GitHub-flavoured Markdown for the Temporal Web UI, or for a page that shows `maxBytes` bytes. Everything
 * from outside is escaped.
 *
 * @param mostRows limit of rows in each table; more rows are only counted
 */
export const planMarkdown = (shown: ShownPlan, maxBytes = MARKDOWN_LIMIT, mostRows?: number): string => {
  const rest = commandsForTheRest(shown.entryName, shown.artifacts);
  const text = [
    `## Plan of ${escapeMarkdown(shown.entryName)}`,
    `Round ${shown.round}. Digest: ${codeSpan(shown.digest)}`,
    escapeMarkdown(approvalsText(shown) ?? ''),
    ...changeSection(shown.changes),
    ...shown.artifacts.flatMap((plan) => artifactSection(plan, mostRows)),
    ...(shown.volatile.length === 0 ? [] : ['### Checked now, and again before work', checkTable(shown.volatile, mostRows)]),
    ...(rest.length === 0 ? [] : [`Publish only what is not blocked: ${rest.map((command) => codeSpan(command)).join(', ')}`]),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  const cut = cutAtLine(text, maxBytes);
  return cut === null ? text : `${cut}\n\n(cut here: \`swp plan\` shows the whole plan)`;
};
