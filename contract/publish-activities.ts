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
  /** What would be written: target repositories and collections. */
  targets: z.array(z.union([RepoId, CollectionSlug])).readonly(),
  /** Whether a vindex is to be planned: then the host's larql is tried too. */
  larql: z.boolean().optional(),
});
export type ProbeRequest = z.infer<typeof ProbeRequest>;

export const PlanRequest = z.strictObject({
  entry: EntrySnapshot,
  only: z.array(ArtifactKind).readonly(),
  round: z.int().positive(),
  /** Null when no high-memory host answered. */
  host: HostFacts.nullable(),
  /** The plans of the round before, to show what changed since. */
  previous: z.array(ArtifactPlan).readonly(),
  /** Who said to have started it. */
  startedBy: z.string().nullable().optional(),
});
export type PlanRequest = z.infer<typeof PlanRequest>;

/** The plan of one round as it is shown and approved; bounded, since it lies in the workflow's history. */
export interface PlannedRound {
  readonly digest: Digest;
  readonly entryPlan: EntryPlan;
  readonly artifacts: readonly ArtifactPlan[];
  /** Checks on what may change from minute to minute; they can block, and are no part of the digest. */
  readonly volatile: readonly Check[];
  readonly markdown: string;
  readonly decideWithinMs: number;
  readonly approvals: ApprovalPolicy;
}

export interface ControlActivities {
  readonly planEntry: (request: PlanRequest) => Promise<PlannedRound>;
  readonly checkPreconditions: (plan: ArtifactPlan) => Promise<Preconditions>;
  readonly verifyArtifact: (request: VerifyRequest) => Promise<VerifyReport>;
  /** Looks for the commit that was asked for, whichever host made it and whatever was committed on top of it. */
  readonly findCommit: (request: CommitRequest) => Promise<CommitSearch>;
  /** Tells people, where a webhook is set. */
  readonly notify: (notification: Notification) => Promise<void>;
}

export interface WaitingActivities {
  /** Returns when that workflow has closed, however it closed. */
  readonly awaitWorkflow: (id: string) => Promise<void>;
}

export interface LightActivities {
  readonly probeHost: (request: ProbeRequest) => Promise<HostFacts>;
}

export const ClaimRequest = z.strictObject({
  /** Workflow id of the artifact: claiming twice is claiming once. */
  holder: z.string().min(1),
  recipeDigest: Digest,
  diskBytes: z.int().nonnegative(),
  memoryBytes: z.int().nonnegative().optional(),
  /** Of an artifact that has no host yet: one that has done some of its work is preferred. */
  recipe: Recipe.optional(),
  /** A host that the person wants to leave. */
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
 * Third detail of a failed commit step, first of a cancelled one: no byte of a commit request has left its host; or none in
 * this attempt, which has not looked for a request of an earlier one either.
 */
export type NothingSentDetail = 'nothing-sent' | 'nothing-sent-now';

/** What was found of a commit; `head` is null where the repository is gone. */
export type CommitSearch =
  | Extract<CommitReport, { outcome: 'committed' }>
  | { readonly outcome: 'absent'; readonly head: CommitSha | null };

/** `already` where the collection held the target before. */
export type FilingReport =
  | { readonly outcome: 'filed' | 'already'; readonly collection: CollectionSlug }
  | {
      readonly outcome: 'failed';
      /** A slug, or the title of one that was to be created. */
      readonly collection: string;
      readonly code: string;
      readonly kind: ErrorKind;
      readonly reason: string;
      readonly hint: string | null;
    };

export const ReleaseRequest = z.strictObject({
  holder: z.string().min(1),
  recipeDigest: Digest,
  /** `slot` keeps what was built: a paused artifact goes on from it. */
  what: z.enum(['slot', 'everything']),
});
export type ReleaseRequest = z.infer<typeof ReleaseRequest>;

export interface HostActivities {
  readonly buildArtifact: (approved: ApprovedArtifact) => Promise<BuildReport>;
  readonly uploadArtifact: (request: UploadRequest) => Promise<UploadReport>;
  /** Where no commit request can have left the host, a failure says so: {@link NothingSentDetail}. */
  readonly commitArtifact: (request: CommitRequest) => Promise<CommitReport>;
  /** Fails by its report alone: what is published stays published. */
  readonly fileInCollection: (approved: ApprovedArtifact) => Promise<FilingReport>;
  readonly releaseHost: (request: ReleaseRequest) => Promise<void>;
}

export const VerifyRequest = z.strictObject({
  target: RepoId,
  commit: CommitSha,
  manifestDigest: Digest,
  provenanceDigest: Digest,
  /** Read everything back, not samples. */
  full: z.boolean().optional(),
});
export type VerifyRequest = z.infer<typeof VerifyRequest>;

export interface VerifyReport {
  readonly files: number;
  readonly readBack: ReadBackTotals;
  /** How many files were read wrong and, over another connection, right; absent where none was. */
  readonly wrongOnce?: number;
}
