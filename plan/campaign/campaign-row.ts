import { z } from 'zod';
import { ArtifactKind, Digest, RepoId } from '../../core/ids.js';
import { sanitizeLine } from '../../core/text.js';
import type { ArtifactPlan } from '../artifact-plan.js';
import { PlanAction } from '../artifact-plan.js';
import type { Check } from '../checks.js';
import { isWork } from '../work.js';

/** The planned effect of a campaign on one entry: `changes` starts a publish, the other states start nothing. */
export const CampaignRow = z.object({
  entry: z.string(),
  state: z.enum(['changes', 'unchanged', 'blocked']),
  /** Digest of the entry's plan; null if none was made. */
  plan: Digest.nullable(),
  artifacts: z.array(z.object({ kind: ArtifactKind, target: RepoId, action: PlanAction })),
  /** In bytes: read from sources, written to targets, required free disk on a host. */
  fetchBytes: z.number(),
  outputBytes: z.number(),
  diskBytes: z.number(),
  /** The reason why it is blocked; null for other states. */
  reason: z.string().nullable(),
});
export type CampaignRow = z.infer<typeof CampaignRow>;

/** Longest reason, in characters: a workflow's history stores a thousand of them. */
export const MAX_REASON = 400;

const NOTHING = { fetchBytes: 0, outputBytes: 0, diskBytes: 0 };

const sum = (plans: readonly ArtifactPlan[], bytes: keyof typeof NOTHING): number =>
  plans.reduce((total, { estimate }) => total + estimate[bytes], 0);

/** Returns the row of a planned entry. */
export const rowOf = (entry: string, plan: Digest, artifacts: readonly ArtifactPlan[], volatile: readonly Check[]): CampaignRow => {
  const blocks = [...artifacts.flatMap(({ checks }) => checks), ...volatile].filter(({ verdict }) => verdict === 'blocked');
  const work = artifacts.filter(isWork);
  const listed = artifacts.map(({ kind, target, action }) => ({ kind, target: target.repo, action }));
  if (blocks.length > 0)
    return {
      entry,
      state: 'blocked',
      plan,
      artifacts: listed,
      ...NOTHING,
      reason: sanitizeLine(blocks.map(({ message }) => message).join(' '), MAX_REASON),
    };
  return {
    entry,
    state: work.length > 0 ? 'changes' : 'unchanged',
    plan,
    artifacts: listed,
    fetchBytes: sum(work, 'fetchBytes'),
    outputBytes: sum(work, 'outputBytes'),
    diskBytes: work.reduce((most, { estimate }) => Math.max(most, estimate.diskBytes), 0),
    reason: null,
  };
};

/** Returns the row of an entry without a plan. */
export const plainRow = (entry: string, state: CampaignRow['state'], reason: string | null): CampaignRow => ({
  entry,
  state,
  plan: null,
  artifacts: [],
  ...NOTHING,
  reason: reason === null ? null : sanitizeLine(reason, MAX_REASON),
});
