import type { ArtifactKind, RepoId } from '../core/ids.js';
import type { ArtifactPlan } from './artifact-plan.js';
import type { Check } from './checks.js';

/** Returns the plan of an artifact that cannot be planned, or about which too little is known. It holds only checks. */
export const blockedPlan = (
  kind: ArtifactKind,
  target: RepoId,
  checks: readonly Check[],
  tools: Readonly<Record<string, string>>,
): ArtifactPlan => ({
  version: 1,
  kind,
  action: 'blocked',
  source: null,
  target: { repo: target, head: null, private: false },
  recipe: null,
  recipeDigest: null,
  operations: [],
  copies: [],
  estimate: { fetchBytes: 0, neededBytes: 0, outputBytes: 0, diskBytes: 0, memoryBytes: 0 },
  card: null,
  checks: [...checks],
  tools: { ...tools },
});
