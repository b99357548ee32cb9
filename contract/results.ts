import type { CampaignPublish, CampaignSelection } from './campaign-activities.js';
import type { CollectionReport } from './publish-activities.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import type { ArtifactKind, CollectionSlug, CommitSha, Digest, RepoId } from '../core/ids.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { CampaignItem } from '../plan/campaign/campaign-decision.js';
import type { DecisionRecord } from '../plan/decision.js';
import type { CampaignTotals } from '../plan/campaign/campaign-totals.js';
import type { ShownRun } from '../plan/render/findings-markdown.js';
import type { ApprovalTerms } from '../plan/reviewer.js';
import type { ReadBackTotals } from '../hub/read/verify-files.js';
import type { Revalidation } from './names.js';

export interface PublishInput {
  readonly entry: EntrySnapshot;
  /** Kinds of the artifacts to publish; empty means all of them. */
  readonly only: readonly ArtifactKind[];
  /** Wait for a second approval, of the sealed files, before the upload. */
  readonly reviewArtifacts?: boolean;
  /** The self-reported starter. Like a reviewer's name, it is not verified. */
  readonly startedBy?: string;
  /** The campaign that it belongs to, which announces all its plans in one notification. */
  readonly campaign?: string;
}

/** Approval terms for the release of the sealed files. */
export interface ReleaseTerms extends ApprovalTerms {
  readonly withinMs: number;
}

export interface ArtifactInput {
  readonly approved: ApprovedArtifact;
  /** The host of an earlier round, so that a new plan reuses the build there. */
  readonly host: string | null;
  /** Set if the sealed files need a release before the upload. */
  readonly release?: ReleaseTerms;
}

export interface Receipt {
  readonly target: RepoId;
  readonly commit: CommitSha;
  readonly plan: Digest;
  readonly manifest: Digest;
  readonly reviewer: string;
  /** Number of files that were compared with the Hub's listing of the commit. */
  readonly verifiedFiles: number;
  /** Bytes and files that were read back. */
  readonly readBack: ReadBackTotals;
  /** The result for the collection if the plan includes one. A failure does not undo the publish. */
  readonly collection?: CollectionReport;
  /** A cancel or an abandon that arrived after the commit had been sent. */
  readonly cameTooLate: 'cancel' | 'abandon' | null;
}

export type ArtifactResult =
  | { readonly outcome: 'published'; readonly receipt: Receipt }
  /** The target's files are unchanged; it was only missing from its collection. */
  | {
      readonly outcome: 'collected';
      readonly target: RepoId;
      readonly collection: CollectionSlug;
      readonly plan: Digest;
      readonly reviewer: string;
    }
  | { readonly outcome: 'unchanged'; readonly target: RepoId; readonly reason: string }
  | {
      readonly outcome: 'stale';
      readonly target: RepoId;
      readonly reason: string;
      readonly host: string | null;
      /** The decisions about the release of the sealed files. */
      readonly releases: readonly DecisionRecord[];
    }
  | { readonly outcome: 'rejected' | 'expired'; readonly target: RepoId; readonly reason: string }
  | {
      readonly outcome: 'abandoned';
      readonly target: RepoId;
      readonly reason: string;
      /** State of its commit in the target: absent, present and not verified, or unknown. */
      readonly commit: 'none' | 'unverified' | 'unknown';
    };

export interface ArtifactReport {
  readonly kind: ArtifactKind;
  readonly result: ArtifactResult | { readonly outcome: 'failed'; readonly target: RepoId; readonly reason: string };
}

/**
 * `nightly` checks the Hub's listings. `weekly` reads each file whole once in `weeks` weeks, and samples of the other
 * files.
 */
export type RevalidateInput = { readonly which: 'nightly' } | { readonly which: 'weekly'; readonly weeks: number };

export interface RevalidateResult extends Omit<ShownRun, 'which'> {
  readonly which: Revalidation;
  /** Number of the week, of a weekly run; null for a nightly one. */
  readonly week: number | null;
}

/** A campaign: its entries and its self-reported starter. */
export interface CampaignInput {
  readonly select: CampaignSelection;
  readonly only: readonly ArtifactKind[];
  readonly startedBy: string | null;
  /** Set if it continues as new after planning and starting. Holds names, ids and totals, but no rows. */
  readonly resume?: CampaignResume;
  /** History events after which it continues as new; absent for the built-in default. */
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
  /** Number of publishes for each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first publishes that ended with an unwanted outcome, with the reason if it is known. */
  readonly unpublished: readonly { readonly entry: string; readonly outcome: string; readonly reason: string | null }[];
}

export interface PublishResult {
  readonly outcome: 'published' | 'collected' | 'unchanged' | 'rejected' | 'expired' | 'abandoned' | 'failed';
  readonly artifacts: readonly ArtifactReport[];
  readonly rounds: number;
  readonly plan: Digest | null;
}
