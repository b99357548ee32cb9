import { z } from 'zod';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import { ApprovalPolicy, policyText } from './approval.js';
import { ArtifactPlan, artifactPlanDigest } from './artifact-plan.js';
import { DecisionRecord, reviewerText } from './decision.js';
import { EntryPlan, planDigest } from './entry-plan.js';
import { areEnough, type ApprovalTerms } from './reviewer.js';
import { isCommit, isWork } from './work.js';

/** The input of a child workflow: one artifact's plan, the entry plan that holds its digest, and the approvals of that. */
export const ApprovedArtifact = z.strictObject({
  entryName: z.string(),
  entryPlan: EntryPlan,
  plan: ArtifactPlan,
  decision: DecisionRecord,
  /** The rules for its approvals and for the approvals of its release. */
  terms: z.strictObject({ policy: ApprovalPolicy, startedBy: z.string().nullable() }),
  /** Earlier approvals of other reviewers, if more than one was required. */
  earlier: z.array(DecisionRecord).readonly().optional(),
  /** True if a person must release the sealed files before the upload. */
  needsRelease: z.boolean().optional(),
  /** The decisions that released the sealed files. */
  release: z.array(DecisionRecord).readonly().optional(),
});
export type ApprovedArtifact = z.infer<typeof ApprovedArtifact>;

/** Returns every decision that permits the next step, in their order. */
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
 * Recomputes every digest from the plan at hand, and throws if this plan was not approved. The check guards against our own
 * bugs and stale plans. A person who can write to the Temporal namespace can still forge an approval.
 *
 * @param step the next step: one towards the commit, or adding the target to its collection
 * @returns the plan digest
 * @throws SwpError `plan/not-approved`, `plan/other-plan`, `plan/other-artifact`, `plan/not-publishable`
 */
export const assertApproved = (approved: ApprovedArtifact, step: 'commit' | 'collect' = 'commit'): Digest => {
  const { entryPlan, plan, terms } = approved;
  const digest = planDigest(entryPlan);
  for (const decision of decisionsOf(approved)) {
    if (decision.verdict !== 'approve') refuse('not-approved', `${decision.reviewer} did not approve plan ${digest}.`);
    if (decision.plan !== digest) refuse('other-plan', `The decision is for plan ${decision.plan}, but this is plan ${digest}.`);
  }
  const approvals = [...(approved.earlier ?? []), approved.decision];
  if (!areEnough(terms, approvals))
    refuse('not-approved', `Plan ${digest} is approved by ${approvals.map(reviewerText).join(', ')} only. ${rulesText(terms)}`);
  const listed = entryPlan.artifacts.find((artifact) => artifact.kind === plan.kind && artifact.target === plan.target.repo);
  if (listed?.digest !== artifactPlanDigest(plan))
    refuse('other-artifact', `This ${plan.kind} plan is not part of the approved plan ${digest}.`);
  const fits = step === 'commit' ? isCommit(plan) : isWork(plan) && plan.collection !== undefined;
  if (!fits) refuse('not-publishable', `The action of the ${plan.kind} plan is ${plan.action}: there is nothing to ${step}.`);
  return digest;
};

/**
 * Throws if the artifact still waits for its release, or was released with another manifest.
 *
 * @throws SwpError `plan/not-released`
 */
export const assertReleased = ({ needsRelease, release = [], plan, terms }: ApprovedArtifact, manifest: Digest): void => {
  if (needsRelease !== true) return;
  if (release.every((decision) => decision.manifest === manifest) && areEnough(terms, release)) return;
  refuse('not-released', `Manifest ${manifest} for ${plan.target.repo} is not released. ${rulesText(terms)}`);
};
