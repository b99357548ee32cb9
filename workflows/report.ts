import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { ArtifactReport, PublishResult } from './types.js';

/** True for a plan that needs an approval and a child. */
export const isWork = (plan: ArtifactPlan): boolean => plan.action === 'publish' || plan.action === 'metadata-only';

/** Why blocked artifacts are blocked, in one text. */
export const conclude = (blocked: readonly ArtifactPlan[]): string =>
  blocked.flatMap((plan) => plan.checks.filter((check) => check.verdict === 'blocked').map((check) => `${plan.kind}: ${check.message}`)).join(' ');

/** From the gravest outcome to the lightest: a publish of several artifacts ends as its gravest one. */
const GRAVITY = ['failed', 'abandoned', 'rejected', 'expired', 'published', 'unchanged'] as const;

export const totalOf = (reports: readonly ArtifactReport[]): PublishResult['outcome'] => GRAVITY.find((outcome) => reports.some(({ result }) => result.outcome === outcome)) ?? 'unchanged';
