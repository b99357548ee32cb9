import { z } from 'zod';
import { EntrySnapshot } from '../catalog/snapshot.js';
import type { ErrorKind } from '../core/error.js';
import { ArtifactKind, CollectionSlug, CommitSha, Digest, RepoId } from '../core/ids.js';
import type { ApprovalPolicy } from '../plan/approval.js';
import { ApprovedArtifact } from '../plan/approved.js';
import { ArtifactPlan } from '../plan/artifact-plan.js';
import type { Check } from '../plan/checks.js';
import type { EntryPlan } from '../plan/entry-plan.js';
import { HostFacts } from '../plan/facts.js';
import type { Preconditions } from '../plan/preconditions.js';
import type { ReadBackTotals } from '../hub/read/verify-files.js';
import { Recipe } from '../plan/recipe.js';
import type { Notification } from './notification.js';

export const ProbeRequest = z.strictObject({
  sources: z.array(z.strictObject({ repo: RepoId, revision: CommitSha.nullable() })).readonly(),
  /** Target repositories and collections that would be written. */
  targets: z.array(z.union([RepoId, CollectionSlug])).readonly(),
  /** True if a vindex is planned: the host then probes its larql too. */
  larql: z.boolean().optional(),
});
export type ProbeRequest = z.infer<typeof ProbeRequest>;

export const PlanRequest = z.strictObject({
  entry: EntrySnapshot,
  only: z.array(ArtifactKind).readonly(),
  round: z.int().positive(),
  /** Null if no high-memory host answered. */
  host: HostFacts.nullable(),
  /** The plans of the previous round, to show the changes since then. */
  previous: z.array(ArtifactPlan).readonly(),
  /** The self-reported starter; null if none was given. */
  startedBy: z.string().nullable().optional(),
});
export type PlanRequest = z.infer<typeof PlanRequest>;

/** The plan of one round as it is shown and approved. Its size is bounded, because the workflow's history stores it. */
export interface PlannedRound {
  readonly digest: Digest;
  readonly entryPlan: EntryPlan;
  readonly artifacts: readonly ArtifactPlan[];
  /** Checks of facts that may change from minute to minute. They can block, and are not part of the digest. */
  readonly volatile: readonly Check[];
  readonly markdown: string;
  readonly decideWithinMs: number;
  readonly approvals: ApprovalPolicy;
}

export interface ControlActivities {
  readonly planEntry: (request: PlanRequest) => Promise<PlannedRound>;
  readonly checkPreconditions: (plan: ArtifactPlan) => Promise<Preconditions>;
  readonly verifyArtifact: (request: VerifyRequest) => Promise<VerifyReport>;
  /** Searches the target for the requested commit. It may come from any host, and later commits may follow it. */
  readonly findCommit: (request: CommitRequest) => Promise<CommitSearch>;
  /** Posts the notification to the webhook if one is set. */
  readonly notify: (notification: Notification) => Promise<void>;
}

export interface WaitingActivities {
  /** Returns when that workflow has closed, with any status. */
  readonly awaitWorkflow: (id: string) => Promise<void>;
}

export interface LightActivities {
  readonly probeHost: (request: ProbeRequest) => Promise<HostFacts>;
}

export const ClaimRequest = z.strictObject({
  /** Workflow id of the artifact. A repeated claim of one holder is the same claim. */
  holder: z.string().min(1),
  recipeDigest: Digest,
  diskBytes: z.int().nonnegative(),
  memoryBytes: z.int().nonnegative().optional(),
  /** Set for an artifact that has no host: a host that has done some of its work is preferred. */
  recipe: Recipe.optional(),
  /** The host that the artifact left last, which must not take the claim; null if it has left none. */
  excludedHost: z.string().nullable(),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

export interface ClaimActivities {
  readonly claimHost: (request: ClaimRequest) => Promise<{ readonly host: string }>;
}

export interface BuildReport {
  readonly manifestDigest: Digest;
  readonly files: number;
  readonly bytes: number;
  /** Directories of the sealed files on the host, for the person who inspects the files before their release. */
  readonly sealedIn?: readonly string[];
}

export type UploadReport =
  | {
      readonly outcome: 'uploaded';
      readonly parent: CommitSha;
      readonly sentBytes: number;
      readonly skippedBytes: number;
      /** For a mirror: bytes that did not pass through this host, because the Hub had them already or copied them. */
      readonly unseenBytes?: number;
    }
  | { readonly outcome: 'stale'; readonly reason: string }
  /** The sealed files are missing from scratch, or differ: the artifact is built again. */
  | { readonly outcome: 'scratch-lost'; readonly reason: string };

export const UploadRequest = z.strictObject({ approved: ApprovedArtifact, manifestDigest: Digest });
export type UploadRequest = z.infer<typeof UploadRequest>;

export const CommitRequest = UploadRequest.extend({ parent: CommitSha });
export type CommitRequest = z.infer<typeof CommitRequest>;

export type CommitReport =
  | {
      readonly outcome: 'committed';
      readonly commit: CommitSha;
      readonly manifestDigest: Digest;
      readonly provenanceDigest: Digest;
      readonly settled: 'answered' | 'found';
    }
  | { readonly outcome: 'stale'; readonly reason: string }
  | { readonly outcome: 'blobs-missing'; readonly reason: string }
  | { readonly outcome: 'scratch-lost'; readonly reason: string };

/**
 * Third detail of a failed commit step, and first detail of a cancelled one. `nothing-sent`: no byte of a commit request has
 * left the host. `nothing-sent-now`: this attempt has sent none, and has not looked for a request of an earlier attempt.
 */
export type RequestNotSentDetail = 'nothing-sent' | 'nothing-sent-now';

/** The result of a search for a commit. `head` is null if the repository is gone. */
export type CommitSearch =
  | Extract<CommitReport, { outcome: 'committed' }>
  | { readonly outcome: 'absent'; readonly head: CommitSha | null };

/** `unchanged`: the collection held the target before. */
export type CollectionReport =
  | { readonly outcome: 'added' | 'unchanged'; readonly collection: CollectionSlug }
  | {
      readonly outcome: 'failed';
      /** A slug, or the title of a collection that was to be created. */
      readonly collection: string;
      readonly code: string;
      readonly kind: ErrorKind;
      readonly reason: string;
      readonly hint: string | null;
    };

export const FreeRequest = z.strictObject({
  holder: z.string().min(1),
  recipeDigest: Digest,
  /** `slot` frees the build slot only: a paused artifact continues from its build. */
  what: z.enum(['slot', 'everything']),
});
export type FreeRequest = z.infer<typeof FreeRequest>;

export interface HostActivities {
  readonly buildArtifact: (approved: ApprovedArtifact) => Promise<BuildReport>;
  readonly uploadArtifact: (request: UploadRequest) => Promise<UploadReport>;
  /** A failure says whether a commit request may have left the host: see {@link RequestNotSentDetail}. */
  readonly commitArtifact: (request: CommitRequest) => Promise<CommitReport>;
  /** Returns a failure as its report, because a published target stays published. */
  readonly addToCollection: (approved: ApprovedArtifact) => Promise<CollectionReport>;
  readonly freeHost: (request: FreeRequest) => Promise<void>;
}

export const VerifyRequest = z.strictObject({
  target: RepoId,
  commit: CommitSha,
  manifestDigest: Digest,
  provenanceDigest: Digest,
  /** Read all bytes back, not only samples. */
  full: z.boolean().optional(),
});
export type VerifyRequest = z.infer<typeof VerifyRequest>;

export interface VerifyReport {
  readonly files: number;
  readonly readBack: ReadBackTotals;
  /** Number of files that were wrong when first read, and right over another connection; absent if there were none. */
  readonly wrongOnce?: number;
}
