import type { EntrySnapshot } from '../catalog/snapshot.js';
import type { ArtifactKind, CollectionSlug, CommitSha, Digest, RepoId } from '../core/ids.js';
import type { ApprovalPolicy } from '../plan/approval.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { Check } from '../plan/checks.js';
import type { EntryPlan } from '../plan/entry-plan.js';
import type { HostFacts } from '../plan/facts.js';
import type { Preconditions } from '../plan/preconditions.js';
import type { ReadBackTotals } from '../plan/read-back.js';
import type { Recipe } from '../plan/recipe.js';

export interface ProbeRequest {
  readonly sources: readonly { readonly repo: RepoId; readonly revision: CommitSha | null }[];
  /** What would be written: target repositories and collections. */
  readonly targets: readonly (RepoId | CollectionSlug)[];
  /** Whether a vindex is to be planned: then the host's larql is tried too. */
  readonly larql?: boolean;
}

export interface PlanRequest {
  readonly entry: EntrySnapshot;
  readonly only: readonly ArtifactKind[];
  readonly round: number;
  /** Null when no high-memory host answered. */
  readonly host: HostFacts | null;
  /** The plans of the round before, to show what changed since. */
  readonly previous: readonly ArtifactPlan[];
  /** Who said to have started it. */
  readonly startedBy?: string | null;
}

/** The plan of one round as it is shown and approved; bounded, since it lies in the workflow's history. */
export interface PlannedRound {
  readonly digest: Digest;
  readonly entryPlan: EntryPlan;
  readonly artifacts: readonly ArtifactPlan[];
  /** Checks on what may change from minute to minute; they can block, and are no part of the digest. */
  readonly volatile: readonly Check[];
  readonly markdown: string;
  readonly decideWithinMs: number;
  /** Who has to approve; plans of earlier versions need one approval, of anybody. */
  readonly approvals?: ApprovalPolicy;
}

export interface ControlActivities {
  readonly planEntry: (request: PlanRequest) => Promise<PlannedRound>;
  readonly checkPreconditions: (plan: ArtifactPlan) => Promise<Preconditions>;
  readonly verifyArtifact: (request: VerifyRequest) => Promise<VerifyReport>;
  /** The commit that another host has made of this; null where there is none. */
  readonly findCommit: (request: CommitRequest) => Promise<Extract<CommitReport, { outcome: 'committed' }> | null>;
}

export interface WaitingActivities {
  /** Returns when that workflow has closed, however it closed. */
  readonly awaitWorkflow: (id: string) => Promise<void>;
}

export interface LightActivities {
  readonly probeHost: (request: ProbeRequest) => Promise<HostFacts>;
}

export interface ClaimRequest {
  /** Workflow id of the artifact: claiming twice is claiming once. */
  readonly holder: string;
  readonly recipeDigest: Digest;
  readonly diskBytes: number;
  readonly memoryBytes?: number;
  /** Of an artifact that has no host yet: one that has done some of its work is preferred. */
  readonly recipe?: Recipe;
  /** A host that the person wants to leave. */
  readonly avoid: string | null;
}

export interface ClaimActivities {
  readonly claimHost: (request: ClaimRequest) => Promise<{ readonly host: string }>;
}

export interface BuildReport {
  readonly manifestDigest: Digest;
  readonly files: number;
  readonly bytes: number;
  /** Where what was sealed lies on the host, for whoever looks at it before its release. */
  readonly sealedIn?: readonly string[];
}

export type UploadReport =
  | {
      readonly outcome: 'uploaded';
      readonly parent: CommitSha;
      readonly sentBytes: number;
      readonly skippedBytes: number;
      /** Of a mirror: bytes that did not pass through this host, since the Hub had or copied them. */
      readonly unseenBytes?: number;
    }
  | { readonly outcome: 'stale'; readonly reason: string }
  /** What was sealed is no longer in scratch: the artifact is built again. */
  | { readonly outcome: 'scratch-lost'; readonly reason: string };

export interface CommitRequest {
  readonly approved: ApprovedArtifact;
  readonly manifestDigest: Digest;
  readonly parent: CommitSha;
}

export type CommitReport =
  | { readonly outcome: 'committed'; readonly commit: CommitSha; readonly provenanceDigest: Digest; readonly settled: 'answered' | 'found' }
  | { readonly outcome: 'stale'; readonly reason: string }
  | { readonly outcome: 'blobs-missing'; readonly reason: string }
  | { readonly outcome: 'scratch-lost'; readonly reason: string };

/** `already` where the collection held the target before. */
export type FilingReport =
  | { readonly outcome: 'filed' | 'already'; readonly collection: CollectionSlug }
  | {
      readonly outcome: 'failed';
      /** A slug, or the title of one that was to be created. */
      readonly collection: string;
      readonly code: string;
      readonly reason: string;
      readonly hint: string | null;
    };

export interface ReleaseRequest {
  readonly holder: string;
  readonly recipeDigest: Digest;
  /** `slot` keeps what was built: a parked artifact goes on from it. */
  readonly what: 'slot' | 'everything';
}

export interface HostActivities {
  readonly buildArtifact: (approved: ApprovedArtifact) => Promise<BuildReport>;
  readonly uploadArtifact: (request: { readonly approved: ApprovedArtifact; readonly manifestDigest: Digest }) => Promise<UploadReport>;
  readonly commitArtifact: (request: CommitRequest) => Promise<CommitReport>;
  /** Fails by its report alone: what is published stays published. */
  readonly fileInCollection: (approved: ApprovedArtifact) => Promise<FilingReport>;
  readonly releaseHost: (request: ReleaseRequest) => Promise<void>;
}

export interface VerifyRequest {
  readonly target: RepoId;
  readonly commit: CommitSha;
  readonly manifestDigest: Digest;
  readonly provenanceDigest: Digest;
  /** Read everything back, not samples. */
  readonly full?: boolean;
}

export interface VerifyReport {
  readonly files: number;
  readonly readBack: ReadBackTotals;
  /** How many files were read wrong and, over another connection, right; absent where none was. */
  readonly wrongOnce?: number;
}
