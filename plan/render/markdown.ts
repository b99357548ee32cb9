import type { Digest } from '../../core/ids.js';
import { policyText, type ApprovalPolicy } from '../approval.js';
import type { ArtifactPlan } from '../artifact-plan.js';
import type { Check } from '../checks.js';
import { shortDigest } from '../decision.js';
import type { PlanChange } from '../diff.js';
import { codeSpan, escapeMarkdown } from '../escape.js';
import { commandsForTheRest, operationWords, planSummary } from './words.js';

/** The Web UI shows details up to 20 kB; a longer plan says where the rest is. */
const MARKDOWN_LIMIT = 15_000;
const MARK = { ok: '✓ ok', warn: '⚠ warn', blocked: '✗ blocked' } as const;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ''
    : [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');

const checkTable = (checks: readonly Check[]): string =>
  table(
    ['check', 'verdict', 'what'],
    checks.map((check) => [
      codeSpan(check.code),
      MARK[check.verdict],
      escapeMarkdown(check.fix === undefined ? check.message : `${check.message} ${check.fix}`, 600),
    ]),
  );

const artifactSection = (plan: ArtifactPlan): string[] => [
  `### ${plan.kind} → ${escapeMarkdown(plan.target.repo)}`,
  `**${plan.action}**: ${escapeMarkdown(planSummary(plan))}`,
  ...(plan.source === null
    ? []
    : [
        `Source: ${codeSpan(plan.source.repo)} at ${codeSpan(plan.source.commit)}, license ${escapeMarkdown(plan.source.license ?? 'unknown')}`,
      ]),
  `Target's head: ${codeSpan(plan.target.head ?? 'none')}`,
  table(
    ['does', 'file', 'why'],
    plan.operations.map(operationWords).map((words) => [words.what, codeSpan(words.path), escapeMarkdown(words.reason)]),
  ),
  checkTable(plan.checks),
];

const changeSection = (changes: readonly PlanChange[]): string[] =>
  changes.length === 0
    ? []
    : [
        '### Changed since the round before',
        table(
          ['what', 'was', 'is'],
          changes
            .slice(0, 20)
            .map((change) => [codeSpan(change.path), codeSpan(change.before ?? '(nothing)'), codeSpan(change.after ?? '(nothing)')]),
        ),
      ];

export interface ShownPlan {
  readonly entryName: string;
  readonly digest: Digest;
  readonly round: number;
  readonly artifacts: readonly ArtifactPlan[];
  readonly volatile: readonly Check[];
  readonly changes: readonly PlanChange[];
  /** Who has to approve; absent in plans of earlier versions. */
  readonly approvals?: ApprovalPolicy;
  readonly startedBy?: string | null;
}

/** Who has to approve, in words, where that is more than anybody. */
export const approvalsText = ({ approvals, startedBy }: ShownPlan): string | null =>
  approvals === undefined ? null : policyText(approvals, startedBy ?? null);

/** The plan as GitHub-flavoured Markdown for the Temporal Web UI; everything from outside is escaped. */
export const planMarkdown = (shown: ShownPlan): string => {
  const rest = commandsForTheRest(shown.entryName, shown.artifacts);
  const text = [
    `## Plan ${codeSpan(shortDigest(shown.digest))} of ${escapeMarkdown(shown.entryName)}`,
    `Round ${shown.round}. Whole digest: ${codeSpan(shown.digest)}`,
    escapeMarkdown(approvalsText(shown) ?? ''),
    ...changeSection(shown.changes),
    ...shown.artifacts.flatMap(artifactSection),
    ...(shown.volatile.length === 0 ? [] : ['### Checked now, and again before work', checkTable(shown.volatile)]),
    ...(rest.length === 0 ? [] : [`What is not blocked can be published alone: ${rest.map(codeSpan).join(', ')}`]),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  if (text.length <= MARKDOWN_LIMIT) return text;
  const cut = text.slice(0, text.lastIndexOf('\n', MARKDOWN_LIMIT));
  return `${cut}\n\n(cut here: \`swp plan\` shows all of it)`;
};
