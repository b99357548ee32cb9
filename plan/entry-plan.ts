import { z } from 'zod';
import { ArtifactKind, Digest, RepoId } from '../core/ids.js';
import { artifactPlanDigest, PlanAction, type ArtifactPlan } from './artifact-plan.js';
import { digestOf } from '../core/digests.js';

/** The plan that a reviewer approves: the requested entry, and the digest of each artifact's plan. */
export const EntryPlan = z.strictObject({
  version: z.literal(1),
  entry: z.unknown(),
  artifacts: z.array(z.strictObject({ kind: ArtifactKind, target: RepoId, action: PlanAction, digest: Digest })),
});
export type EntryPlan = z.infer<typeof EntryPlan>;

export const makeEntryPlan = (entry: unknown, artifacts: readonly ArtifactPlan[]): EntryPlan => ({
  version: 1,
  entry,
  artifacts: artifacts.map((plan) => ({
    kind: plan.kind,
    target: plan.target.repo,
    action: plan.action,
    digest: artifactPlanDigest(plan),
  })),
});

/** Returns the plan digest, which people read, compare and approve. */
export const planDigest = (plan: EntryPlan): Digest => digestOf(plan);
