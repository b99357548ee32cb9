import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { ArtifactReport, PublishResult } from './types.js';

/** Why blocked artifacts are blocked, in one text. */
export const conclude = (blocked: readonly ArtifactPlan[]): string =>
  blocked
    .flatMap((plan) =>
      plan.checks
        .filter((check) => check.verdict === 'blocked')
        .map((check) => (check.fix === undefined ? check.message : `${check.message} ${check.fix}`)),
    )
    .join(' ');

/** From the gravest outcome to the lightest: a publish of several artifacts ends as its gravest one. */
const GRAVITY = ['failed', 'abandoned', 'rejected', 'expired', 'published', 'filed', 'unchanged'] as const;

export const totalOf = (reports: readonly ArtifactReport[]): PublishResult['outcome'] =>
  GRAVITY.find((outcome) => reports.some(({ result }) => result.outcome === outcome)) ?? 'unchanged';

/** Why a publish failed, and how the artifacts ended that did not. */
export const failureText = (result: PublishResult): string =>
  result.artifacts
    .map(({ kind, result: end }) => ('reason' in end ? `${kind} ${end.outcome}: ${end.reason}` : `${kind} ${end.outcome}`))
    .join('; ');
