import type { ArtifactPlan } from './artifact-plan.js';

/** Returns true for a plan that ends in a commit to the target. */
export const isCommit = ({ action }: ArtifactPlan): boolean => action === 'publish' || action === 'metadata-only';

/** Returns true for a plan that needs an approval and a child workflow. */
export const isWork = (plan: ArtifactPlan): boolean => isCommit(plan) || plan.action === 'collection-only';
