import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { Check } from '../plan/checks.js';
import type { DecisionRecord } from '../plan/decision.js';
import { kindOfCheck, type Problem } from '../plan/problem.js';
import { codeSpan, escapeMarkdown } from '../plan/escape.js';
import type { ArtifactReport, PublishResult } from '../contract/results.js';

/** Joins the reasons of all blocked artifacts. */
export const blockedReason = (blocked: readonly ArtifactPlan[]): string =>
  blocked
    .flatMap((plan) =>
      plan.checks
        .filter((check) => check.verdict === 'blocked')
        .map((check) => (check.fix === undefined ? check.message : `${check.message} ${check.fix}`)),
    )
    .join(' ');

/** The problem of a publish whose plan could not run now, although nothing in the plan itself blocks it. */
export const admissionProblem = (blockers: readonly Check[]): Problem => ({
  step: 'admission',
  code: blockers[0]?.code ?? 'blocked',
  kind: kindOfCheck(blockers[0]?.code),
  reason: blockers.map((check) => check.message).join(' '),
  hint: blockers[0]?.fix ?? null,
});

export const rejectionText = (decision: DecisionRecord | null): string =>
  `${decision?.reviewer ?? 'a reviewer'} rejected it${decision?.note ? `: ${decision.note}` : ''}`;

/** All outcomes, the most severe first. A publish of several artifacts ends with the most severe outcome. */
const SEVERITY = ['failed', 'abandoned', 'rejected', 'expired', 'published', 'collected', 'unchanged'] as const;

export const totalOf = (reports: readonly ArtifactReport[]): PublishResult['outcome'] =>
  SEVERITY.find((outcome) => reports.some(({ result }) => result.outcome === outcome)) ?? 'unchanged';

/** Describes the end of each artifact as Markdown for the Web UI. */
export const endNotes = (reports: readonly ArtifactReport[]): string[] =>
  reports.map(({ result }) => {
    if (result.outcome === 'published') return `${codeSpan(result.receipt.target)}: published, commit ${codeSpan(result.receipt.commit)}`;
    const reason = 'reason' in result ? `: ${escapeMarkdown(result.reason, 1000)}` : '';
    return `${codeSpan(result.target)}: ${result.outcome}${reason}`;
  });

/** Describes the end of each artifact of a failed publish, with the reasons. */
export const failureText = (result: PublishResult): string =>
  result.artifacts
    .map(({ kind, result: end }) => ('reason' in end ? `${kind} ${end.outcome}: ${end.reason}` : `${kind} ${end.outcome}`))
    .join('; ');
