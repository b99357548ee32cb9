import type { CampaignPublish, CampaignSelection } from './campaign-activities.js';
import type { FilingReport } from './publish-activities.js';
import type { RepairReport } from '../plan/findings/repair.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import type { ArtifactKind, CollectionSlug, CommitSha, Digest, RepoId } from '../core/ids.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { CampaignItem } from '../plan/campaign/campaign-decision.js';
import type { CampaignTotals } from '../plan/campaign/campaign-totals.js';
import type { FindingTable } from '../plan/findings/finding-table.js';
import type { ApprovalTerms } from '../plan/reviewer.js';
import type { ReadBackTotals } from '../hub/read/verify-files.js';
import type { Revalidation } from './names.js';

export interface PublishInput {
  readonly entry: EntrySnapshot;
  /** Which artifacts of the entry; empty means all of them. */
  readonly only: readonly ArtifactKind[];
  /** Wait once more before the upload, for the approval of what was sealed. */
  readonly reviewArtifacts?: boolean;
  /** Who says to have started it: a claim, as a reviewer's name is. */
  readonly startedBy?: string;
  /** The campaign that it belongs to, which tells of its plan together with the others. */
  readonly campaign?: string;
}

/** How the release of what was sealed is asked for. */
export interface ReleaseTerms extends ApprovalTerms {
  readonly withinMs: number;
}

export interface ArtifactInput {
  readonly approved: ApprovedArtifact;
  /** The host of an earlier round, so that a new plan reuses what was built there. */
  readonly host: string | null;
  /** Set where what was sealed waits for its release. */
  readonly release?: ReleaseTerms;
}

export interface Receipt {
  readonly target: RepoId;
  readonly commit: CommitSha;
  readonly plan: Digest;
  readonly manifest: Digest;
  readonly reviewer: string;
  /** Files compared at the commit as the Hub lists them, and how much of them was read back. */
  readonly verifiedFiles: number;
  readonly readBack: ReadBackTotals;
  /** Where the plan had it filed: what came of that. A failure does not undo the publish. */
  readonly collection?: FilingReport;
  /** A cancel or an abandon that came after the commit had been sent. */
  readonly cameTooLate: 'cancel' | 'abandon' | null;
}

export type ArtifactResult =
  | { readonly outcome: 'published'; readonly receipt: Receipt }
  /** The target's files stayed as they were; only its collection was missing. */
  | {
      readonly outcome: 'filed';
      readonly target: RepoId;
      readonly collection: CollectionSlug;
      readonly plan: Digest;
      readonly reviewer: string;
    }
  | { readonly outcome: 'unchanged'; readonly target: RepoId; readonly reason: string }
  | { readonly outcome: 'stale'; readonly target: RepoId; readonly reason: string; readonly host: string | null }
  | { readonly outcome: 'rejected' | 'expired'; readonly target: RepoId; readonly reason: string }
  | {
      readonly outcome: 'abandoned';
      readonly target: RepoId;
      readonly reason: string;
      /** Whether its commit is in the target: there and not verified, or not known. */
      readonly commit: 'none' | 'unverified' | 'unknown';
    };

export interface ArtifactReport {
  readonly kind: ArtifactKind;
  readonly result: ArtifactResult | { readonly outcome: 'failed'; readonly target: RepoId; readonly reason: string };
}

/** `nightly` looks at what the Hub lists; `weekly` reads whole files, each once in so many weeks, and samples of the others. */
export type RevalidateInput = { readonly which: 'nightly' } | { readonly which: 'weekly'; readonly weeks: number };

export interface RevalidateResult {
  readonly which: Revalidation;
  readonly targets: number;
  /** Of a weekly run. */
  readonly week: number | null;
  /** Whole files, bytes with those of samples, and bytes of all that is published. */
  readonly filesRead: number;
  readonly bytesRead: number;
  readonly ofBytes: number;
  readonly findings: FindingTable;
  /** Entries that should be published again, the first of them, and what became of that. */
  readonly repairs: readonly RepairReport[];
  readonly repairsWanted: number;
}

/** A campaign: which entries, and who says to have started it. */
export interface CampaignInput {
  readonly select: CampaignSelection;
  readonly only: readonly ArtifactKind[];
  readonly startedBy: string | null;
  /** Set where it goes on after it has planned and started: names and ids alone. */
  readonly resume?: CampaignResume;
  /** Events after which it continues as new; a default that fits is built in. */
  readonly continueAfter?: number;
}

export interface CampaignResume {
  readonly totals: CampaignTotals;
  readonly digest: Digest;
  readonly items: readonly CampaignItem[];
  readonly publishes: readonly CampaignPublish[];
  readonly notes: readonly string[];
}

export interface CampaignResult {
  readonly totals: CampaignTotals;
  readonly plan: Digest | null;
  /** How the publishes ended, by their outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first that did not end as a person would want, and why where that is known. */
  readonly troubles: readonly { readonly entry: string; readonly outcome: string; readonly reason: string | null }[];
}

export interface PublishResult {
  readonly outcome: 'published' | 'filed' | 'unchanged' | 'rejected' | 'expired' | 'abandoned' | 'failed';
  readonly artifacts: readonly ArtifactReport[];
  readonly rounds: number;
  readonly plan: Digest | null;
}
