import { z } from 'zod';
import { ArtifactKind, Digest } from '../core/ids.js';
import type { CampaignItem } from '../plan/campaign/campaign-decision.js';
import type { CampaignRow } from '../plan/campaign/campaign-row.js';
import { ReviewerIdentity } from '../plan/decision.js';
import { HostFacts } from '../plan/facts.js';

/** Which entries of the catalog a campaign is about. */
export const CampaignSelection = z.union([
  z.strictObject({ tier: z.string().min(1) }),
  z.strictObject({ which: z.enum(['all', 'changed']) }),
]);
export type CampaignSelection = z.infer<typeof CampaignSelection>;

export const SelectRequest = z.strictObject({ select: CampaignSelection, only: z.array(ArtifactKind).readonly() });
export type SelectRequest = z.infer<typeof SelectRequest>;

export interface Selected {
  readonly entries: readonly string[];
  /** Whether a vindex is among their artifacts: then a host's larql is asked for. */
  readonly larql: boolean;
  /** Mistakes of the catalog, whose entries are left out. */
  readonly mistakes: number;
}

export const CampaignBatch = z.strictObject({
  entries: z.array(z.string()).readonly(),
  only: z.array(ArtifactKind).readonly(),
  /** Plan those alone whose source, target or fields have changed since their last publish. */
  changedOnly: z.boolean(),
  /** Null when no high-memory host answered. */
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

/** A publish that a campaign follows; `run` is null where it could not be started. */
export interface CampaignPublish {
  readonly entry: string;
  readonly run: string | null;
  readonly reason: string | null;
}

export const FollowRequest = z.strictObject({
  publishes: z.array(z.strictObject({ entry: z.string(), run: z.string() })).readonly(),
  /** Answers after so long, whatever still runs; milliseconds. */
  forMs: z.number().positive(),
});
export type FollowRequest = z.infer<typeof FollowRequest>;

/** How a publish that is followed stands, or ended: its stage, or Temporal's word where it has none. */
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

/** What became of a decision at one publish. `moved`: its plan is another than the campaign's, and waits alone. */
export interface DecidedPublish {
  readonly entry: string;
  readonly outcome: 'taken' | 'moved' | 'refused' | 'ended' | 'late';
  readonly reason: string | null;
}

/** What a campaign does: it plans, and deals with publishes through a client as a person would. */
export interface CampaignActivities {
  readonly selectEntries: (request: SelectRequest) => Promise<Selected>;
  readonly planCampaignBatch: (batch: CampaignBatch) => Promise<readonly CampaignRow[]>;
  readonly digestCampaign: (items: readonly CampaignItem[]) => Promise<Digest>;
  readonly startPublishes: (request: StartRequest) => Promise<readonly CampaignPublish[]>;
  readonly followPublishes: (request: FollowRequest) => Promise<readonly FollowedPublish[]>;
  readonly decidePublishes: (request: DecideRequest) => Promise<readonly DecidedPublish[]>;
}
