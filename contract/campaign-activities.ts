import { z } from 'zod';
import { ArtifactKind, Digest } from '../core/ids.js';
import type { CampaignItem } from '../plan/campaign/campaign-decision.js';
import type { CampaignRow } from '../plan/campaign/campaign-row.js';
import { ReviewerIdentity } from '../plan/decision.js';
import { HostFacts } from '../plan/facts.js';

/** The entries of the catalog that a campaign takes. */
export const CampaignSelection = z.union([
  z.strictObject({ tier: z.string().min(1) }),
  z.strictObject({ which: z.enum(['all', 'changed']) }),
]);
export type CampaignSelection = z.infer<typeof CampaignSelection>;

export const SelectRequest = z.strictObject({ select: CampaignSelection, only: z.array(ArtifactKind).readonly() });
export type SelectRequest = z.infer<typeof SelectRequest>;

export interface Selected {
  readonly entries: readonly string[];
  /** True if one of their artifacts is a vindex: a host's larql is then probed. */
  readonly larql: boolean;
  /** Number of mistakes in the catalog. Entries with a mistake are left out. */
  readonly mistakes: number;
}

export const CampaignBatch = z.strictObject({
  entries: z.array(z.string()).readonly(),
  only: z.array(ArtifactKind).readonly(),
  /** Plan only entries whose source, target or fields have changed since their last publish. */
  changedOnly: z.boolean(),
  /** Null if no high-memory host answered. */
  host: HostFacts.nullable(),
});
export type CampaignBatch = z.infer<typeof CampaignBatch>;

export const StartRequest = z.strictObject({
  campaign: z.string(),
  entries: z.array(z.string()).readonly(),
  only: z.array(ArtifactKind).readonly(),
  startedBy: z.string().nullable(),
});
export type StartRequest = z.infer<typeof StartRequest>;

/** A publish that a campaign follows; `run` is null if it could not be started. */
export interface CampaignPublish {
  readonly entry: string;
  readonly run: string | null;
  readonly reason: string | null;
}

export const FollowRequest = z.strictObject({
  publishes: z.array(z.strictObject({ entry: z.string(), run: z.string() })).readonly(),
  /** Milliseconds after which the step returns, even while publishes still run. */
  forMs: z.number().positive(),
});
export type FollowRequest = z.infer<typeof FollowRequest>;

/** The state of a followed publish: its stage, or Temporal's status if no stage applies. */
export interface FollowedPublish {
  readonly entry: string;
  readonly stage: string;
  readonly ended: boolean;
}

export const DecideRequest = z.strictObject({
  campaign: z.string(),
  publishes: z.array(z.strictObject({ entry: z.string(), run: z.string(), plan: Digest })).readonly(),
  verdict: z.enum(['approve', 'reject']),
  reviewer: z.string(),
  identity: ReviewerIdentity.optional(),
  note: z.string().optional(),
});
export type DecideRequest = z.infer<typeof DecideRequest>;

/**
 * The result of a decision at one publish. `moved`: its plan differs from the campaign's, and needs a decision of its
 * own.
 */
export interface DecidedPublish {
  readonly entry: string;
  readonly outcome: 'accepted' | 'plan-changed' | 'refused' | 'ended' | 'no-answer';
  readonly reason: string | null;
}

/** The steps of a campaign. They plan entries, and handle publishes through a client as a person would. */
export interface CampaignActivities {
  readonly selectEntries: (request: SelectRequest) => Promise<Selected>;
  readonly planCampaignBatch: (batch: CampaignBatch) => Promise<readonly CampaignRow[]>;
  readonly digestCampaign: (items: readonly CampaignItem[]) => Promise<Digest>;
  readonly startPublishes: (request: StartRequest) => Promise<readonly CampaignPublish[]>;
  readonly followPublishes: (request: FollowRequest) => Promise<readonly FollowedPublish[]>;
  readonly decidePublishes: (request: DecideRequest) => Promise<readonly DecidedPublish[]>;
}
