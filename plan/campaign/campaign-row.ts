import { z } from 'zod';
import { ArtifactKind, Digest, RepoId } from '../../core/ids.js';
import { sanitizeLine } from '../../core/text.js';
import type { ArtifactPlan } from '../artifact-plan.js';
import { PlanAction } from '../artifact-plan.js';
import type { Check } from '../checks.js';
import { isWork } from '../work.js';

/** What a campaign would do with one entry: `changes` starts a publish, the others start nothing. */
export const CampaignRow = z.object({
  entry: z.string(),
  state: z.enum(['changes', 'unchanged', 'blocked']),
  /** Of the entry's plan; null where none was made. */
  plan: Digest.nullable(),
  artifacts: z.array(z.object({ kind: ArtifactKind, target: RepoId, action: PlanAction })),
  /** Bytes: read from sources, written to targets, free disk wanted on a host. */
  fetchBytes: z.number(),
  outputBytes: z.number(),
  diskBytes: z.number(),
  /** Why it is blocked. */
  reason: z.string().nullable(),
});
export type CampaignRow = z.infer<typeof CampaignRow>;

/** Reasons lie in a workflow's history, a thousand of them. */
const REASON = 400;

const NOTHING = { fetchBytes: 0, outputBytes: 0, diskBytes: 0 };

const sum = (plans: readonly ArtifactPlan[], bytes: keyof typeof NOTHING): number =>
  plans.reduce((total, { estimate }) => total + estimate[bytes], 0);

/** The row of an entry that was planned. */
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
      reason: sanitizeLine(blocks.map(({ message }) => message).join(' '), REASON),
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

/** The row of an entry of which no more is known. */
export const plainRow = (entry: string, state: CampaignRow['state'], reason: string | null): CampaignRow => ({
  entry,
  state,
  plan: null,
  artifacts: [],
  ...NOTHING,
  reason: reason === null ? null : sanitizeLine(reason, REASON),
});
