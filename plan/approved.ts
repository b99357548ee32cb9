import { z } from 'zod';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import { ApprovalPolicy, policyText } from './approval.js';
import { ArtifactPlan, artifactPlanDigest } from './artifact-plan.js';
import { DecisionRecord, reviewerText } from './decision.js';
import { EntryPlan, planDigest } from './entry-plan.js';
import { areEnough, type ApprovalTerms } from './reviewer.js';
import { isCommit, isWork } from './work.js';

/** What a child receives: one artifact's plan, the entry plan that holds its digest, and who approved that. */
export const ApprovedArtifact = z.strictObject({
  entryName: z.string(),
  entryPlan: EntryPlan,
  plan: ArtifactPlan,
  decision: DecisionRecord,
  /** The rules that its approvals, and those of its release, follow. */
  terms: z.strictObject({ policy: ApprovalPolicy, startedBy: z.string().nullable() }),
  /** Approvals of other reviewers before it, where more than one was needed. */
  earlier: z.array(DecisionRecord).readonly().optional(),
  /** Nothing is uploaded before a person has released what was sealed. */
  needsRelease: z.boolean().optional(),
  /** Who released it. */
  release: z.array(DecisionRecord).readonly().optional(),
});
export type ApprovedArtifact = z.infer<typeof ApprovedArtifact>;

/** Every decision that led to what is about to be done, in their order. */
export const decisionsOf = ({ earlier = [], decision, release = [] }: ApprovedArtifact): readonly DecisionRecord[] => [
  ...earlier,
  decision,
  ...release,
];

const refuse = (code: string, message: string): never => {
  throw new SwpError('integrity', `plan/${code}`, message, {
    hint: 'This is a bug or a forged message: nothing was written. Start the publish again.',
  });
};

const rulesText = ({ policy, startedBy }: ApprovalTerms): string => policyText(policy, startedBy) ?? 'Needs 1 approval.';

/**
 * Recomputes every digest from what is about to be done and refuses what was not approved.
 * It guards against our own bugs and stale plans; who may write to the Temporal namespace can still forge.
 *
 * @param step what is about to be done: a step towards the commit, or the filing in a collection
 * @returns the plan digest
 * @throws SwpError `plan/not-approved`, `plan/other-plan`, `plan/other-artifact`, `plan/not-publishable`
 */
export const assertApproved = (approved: ApprovedArtifact, step: 'commit' | 'file' = 'commit'): Digest => {
  const { entryPlan, plan, terms } = approved;
  const digest = planDigest(entryPlan);
  for (const decision of decisionsOf(approved)) {
    if (decision.verdict !== 'approve') refuse('not-approved', `${decision.reviewer} did not approve plan ${digest}.`);
    if (decision.plan !== digest) refuse('other-plan', `The decision is for ${decision.plan}, the plan at hand is ${digest}.`);
  }
  const approvals = [...(approved.earlier ?? []), approved.decision];
  if (!areEnough(terms, approvals))
    refuse('not-approved', `Plan ${digest} is approved by ${approvals.map(reviewerText).join(', ')} only. ${rulesText(terms)}`);
  const listed = entryPlan.artifacts.find((artifact) => artifact.kind === plan.kind && artifact.target === plan.target.repo);
  if (listed?.digest !== artifactPlanDigest(plan)) refuse('other-artifact', `The ${plan.kind} plan at hand is not the one in ${digest}.`);
  const fits = step === 'commit' ? isCommit(plan) : isWork(plan) && plan.collection !== undefined;
  if (!fits) refuse('not-publishable', `The ${plan.kind} plan says ${plan.action}: there is nothing to ${step}.`);
  return digest;
};

/**
 * Refuses what waits for its release still, or was released with another manifest.
 *
 * @throws SwpError `plan/not-released`
 */
export const assertReleased = ({ needsRelease, release = [], plan, terms }: ApprovedArtifact, manifest: Digest): void => {
  if (needsRelease !== true) return;
  if (release.every((decision) => decision.manifest === manifest) && areEnough(terms, release)) return;
  refuse('not-released', `Manifest ${manifest} for ${plan.target.repo} is not released. ${rulesText(terms)}`);
};
