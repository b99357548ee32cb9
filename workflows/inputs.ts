import { z } from 'zod';
import { EntrySnapshot } from '../catalog/snapshot.js';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import { describeIssues } from '../core/describe-issues.js';
import { ArtifactKind, CommitSha, Digest, RepoId } from '../core/ids.js';
import { ApprovalPolicy } from '../plan/approval.js';
import { DecisionRecord } from '../plan/decision.js';
import { REVALIDATIONS } from '../contract/names.js';
import { refusal } from './refusal.js';
import type { ArtifactInput, CampaignInput, CampaignResume, PublishInput, RevalidateInput } from '../contract/results.js';

const MOST_WEEKS = 520;

const PublishEntry = z.strictObject({
  entry: EntrySnapshot,
  only: z.array(ArtifactKind),
  reviewArtifacts: z.boolean().optional(),
  startedBy: z.string().optional(),
  campaign: z.string().optional(),
});

/** As much of an approved plan as the workflow reads; the activities parse all of it. */
const Approved = z.looseObject({
  entryName: z.string(),
  decision: DecisionRecord,
  plan: z.looseObject({
    kind: ArtifactKind,
    action: z.string(),
    target: z.looseObject({ repo: RepoId, head: CommitSha.nullable() }),
    recipeDigest: Digest.nullable(),
    estimate: z.looseObject({ diskBytes: z.number(), memoryBytes: z.number() }),
  }),
});

const PublishArtifact = z.strictObject({
  approved: Approved,
  host: z.string().nullable(),
  release: z.strictObject({ withinMs: z.number(), policy: ApprovalPolicy, startedBy: z.string().nullable() }).optional(),
});

const PublishCampaign = z.strictObject({
  select: z.union([z.strictObject({ tier: z.string().min(1) }), z.strictObject({ which: z.enum(['all', 'changed']) })]),
  only: z.array(z.enum(ARTIFACT_KINDS)),
  startedBy: z.string().nullable(),
  /** From this workflow itself, as it goes on. */
  resume: z.custom<CampaignResume>((value) => typeof value === 'object' && value !== null).optional(),
  continueAfter: z.int().positive().optional(),
});

const [NIGHTLY, WEEKLY] = REVALIDATIONS;
const Revalidate = z.discriminatedUnion('which', [
  z.strictObject({ which: z.literal(NIGHTLY) }),
  z.strictObject({ which: z.literal(WEEKLY), weeks: z.int().min(1).max(MOST_WEEKS) }),
]);

/**
 * Checks the input of a workflow. Anything can be started by hand, and what cannot be used must fail with a sentence: an
 * error of the language would be retried for ever.
 */
const check =
  <T>(workflow: string, schema: z.ZodType, advice: string) =>
  (input: T): T => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return input;
    throw refusal('workflow/input', `${workflow} cannot start with this input: ${describeIssues(parsed.error)}. ${advice}`);
  };

export const checkPublishInput = check<PublishInput>('publishEntry', PublishEntry, 'Start it with `swp start`.');
export const checkArtifactInput = check<ArtifactInput>('publishArtifact', PublishArtifact, 'A publish starts it: `swp start`.');
export const checkCampaignInput = check<CampaignInput>(
  'publishCampaign',
  PublishCampaign,
  'Start it with {"select": {"tier": "smoke"} or {"which": "all" | "changed"}, "only": [], "startedBy": "name" or null}.',
);
export const checkRevalidateInput = check<RevalidateInput>(
  'revalidate',
  Revalidate,
  'Start it with {"which": "nightly"} or {"which": "weekly", "weeks": 8}.',
);
