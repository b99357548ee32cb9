import type { ArtifactKind, Digest } from '../../core/ids.js';
import type { CampaignItem } from '../../plan/campaign/decision.js';
import type { CampaignRow } from '../../plan/campaign/row.js';
import type { ReviewerIdentity } from '../../plan/decision.js';
import type { HostFacts } from '../../plan/facts.js';

/** Which entries of the catalog a campaign is about. */
export type CampaignSelection = { readonly tier: string } | { readonly which: 'all' | 'changed' };

export interface SelectRequest {
  readonly select: CampaignSelection;
  readonly only: readonly ArtifactKind[];
}

export interface Selected {
  readonly entries: readonly string[];
  /** Whether a vindex is among their artifacts: then a host's larql is asked for. */
  readonly larql: boolean;
  /** Mistakes of the catalog, whose entries are left out. */
  readonly mistakes: number;
}

export interface CampaignBatch {
  readonly entries: readonly string[];
  readonly only: readonly ArtifactKind[];
  /** Plan those alone whose source, target or fields have changed since their last publish. */
  readonly changedOnly: boolean;
  /** Null when no high-memory host answered. */
  readonly host: HostFacts | null;
}

export interface StartRequest {
  readonly campaign: string;
  readonly entries: readonly string[];
  readonly only: readonly ArtifactKind[];
  readonly startedBy: string | null;
}

/** A publish that a campaign follows; `run` is null where it could not be started. */
export interface CampaignPublish {
  readonly entry: string;
  readonly run: string | null;
  readonly reason: string | null;
}

export interface FollowRequest {
  readonly publishes: readonly { readonly entry: string; readonly run: string }[];
  /** Answers after so long, whatever still runs; milliseconds. */
  readonly forMs: number;
}

/** How a publish that is followed stands, or ended: its stage, or Temporal's word where it has none. */
export interface FollowedPublish {
  readonly entry: string;
  readonly stage: string;
  readonly ended: boolean;
}

export interface DecideRequest {
  readonly campaign: string;
  readonly publishes: readonly { readonly entry: string; readonly run: string; readonly plan: Digest }[];
  readonly verdict: 'approve' | 'reject';
  readonly reviewer: string;
  readonly identity?: ReviewerIdentity;
  readonly note?: string;
}

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
