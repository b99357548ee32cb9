import { z } from 'zod';
import { ArtifactKind, CollectionSlug, CommitSha, Digest, GitBlobId, RepoId, Sha256 } from '../core/ids.js';
import { digestOf } from '../core/digests.js';
import { Check } from './checks.js';
import { ManifestFile } from './manifest.js';
import { Recipe } from './recipe.js';
import { SourceProof } from './source-proof.js';

export const Operation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), private: z.boolean(), reason: z.string() }),
  z.strictObject({ op: z.enum(['add', 'replace', 'keep', 'delete']), path: z.string(), reason: z.string() }),
  /** `collection` is a slug, or the title of a collection that will be created. */
  z.strictObject({ op: z.literal('collect'), collection: z.string(), reason: z.string() }),
  /** Foreign files, which stay. Often there are too many to list, so they are a count, a digest and the first paths. */
  z.strictObject({ op: z.literal('keep-foreign'), count: z.int(), digest: Digest, first: z.array(z.string()).max(10) }),
]);
export type Operation = z.infer<typeof Operation>;

/** A small file that is copied from the source beside the payload: LICENSE, NOTICE. */
export const CopiedFile = z.strictObject({
  path: z.string(),
  size: z.int().nonnegative(),
  gitBlob: GitBlobId,
  lfs: Sha256.nullable(),
});
export type CopiedFile = z.infer<typeof CopiedFile>;

/** A file of the source that the target receives unchanged, with the digests that its bytes must match. */
export const MirroredFile = ManifestFile.omit({ samples: true }).extend({
  /** True if the source stores it in LFS. */
  lfs: z.boolean(),
});
export type MirroredFile = z.infer<typeof MirroredFile>;

/** The collection for a target: an existing one, or one with this title in the target's namespace. */
export const CollectionGoal = z.union([z.strictObject({ slug: CollectionSlug }), z.strictObject({ title: z.string() })]);
export type CollectionGoal = z.infer<typeof CollectionGoal>;

export const PlanAction = z.enum(['publish', 'metadata-only', 'collection-only', 'unchanged', 'blocked']);
export type PlanAction = z.infer<typeof PlanAction>;

/** The changes to one target, with their reasons. Pure data: no times, hosts or paths. */
export const ArtifactPlan = z.strictObject({
  version: z.literal(1),
  kind: ArtifactKind,
  action: PlanAction,
  source: z.strictObject({ repo: RepoId, commit: CommitSha, license: z.string().nullable() }).nullable(),
  target: z.strictObject({ repo: RepoId, head: CommitSha.nullable(), private: z.boolean() }),
  recipe: Recipe.nullable(),
  recipeDigest: Digest.nullable(),
  operations: z.array(Operation),
  copies: z.array(CopiedFile),
  /** The whole payload of a mirror; absent for other kinds. */
  mirrored: z.array(MirroredFile).optional(),
  /** The proof that the bytes for the payload are the source's; set if they are read by range. */
  proof: SourceProof.optional(),
  /** Set only if the target must still be added to its collection. */
  collection: CollectionGoal.optional(),
  /** In bytes: read from the source, needed of these, written to the target, required free disk, required memory. */
  estimate: z.strictObject({
    fetchBytes: z.int(),
    neededBytes: z.int(),
    outputBytes: z.int(),
    diskBytes: z.int(),
    memoryBytes: z.int(),
  }),
  card: z.strictObject({ template: z.string() }).nullable(),
  checks: z.array(Check),
  tools: z.record(z.string(), z.string()),
});
export type ArtifactPlan = z.infer<typeof ArtifactPlan>;

/** The part of a plan that determines its payload. A published record holds the same part. */
export interface PayloadPlan extends Pick<ArtifactPlan, 'recipe' | 'recipeDigest'> {
  readonly source: Pick<NonNullable<ArtifactPlan['source']>, 'repo' | 'commit'> | null;
  readonly target: Pick<ArtifactPlan['target'], 'repo'>;
  readonly mirrored?: readonly MirroredFile[] | undefined;
  readonly proof?: SourceProof | undefined;
}

export const artifactPlanDigest = (plan: ArtifactPlan): Digest => digestOf(plan);

/** Largest canonical artifact plan that is sent to a child workflow, in bytes. */
export const ARTIFACT_PLAN_LIMIT = 256 * 1024;
