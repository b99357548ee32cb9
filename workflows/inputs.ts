import { z } from 'zod';
import { EntryName } from '../catalog/entry-name.js';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import { describeIssues } from '../core/describe-issues.js';
import { ArtifactKind, CommitSha, Digest, RepoId } from '../core/ids.js';
import { ApprovalPolicy } from '../plan/approval.js';
import { DecisionRecord } from '../plan/decision.js';
import { REVALIDATIONS } from '../contract/names.js';
import { refusal } from './refusal.js';
import type { ArtifactInput, CampaignInput, CampaignResume, PublishInput, RevalidateInput } from '../contract/results.js';

const MAX_WEEKS = 520;

/** The part of a catalog entry that the workflow reads; `planEntry` parses the whole entry. */
const publishInput = () =>
  z.strictObject({
    entry: z.looseObject({ name: EntryName, entry: z.looseObject({ key: z.string() }) }),
    only: z.array(ArtifactKind),
    reviewArtifacts: z.boolean().optional(),
    startedBy: z.string().optional(),
    campaign: z.string().optional(),
  });

/** The part of an approved plan that the workflow reads; the activities parse the whole plan. */
const artifactInput = () =>
  z.strictObject({
    approved: z.looseObject({
      entryName: z.string(),
      decision: DecisionRecord,
      plan: z.looseObject({
        kind: ArtifactKind,
        action: z.string(),
        target: z.looseObject({ repo: RepoId, head: CommitSha.nullable() }),
        recipeDigest: Digest.nullable(),
        estimate: z.looseObject({ diskBytes: z.number(), memoryBytes: z.number() }),
      }),
    }),
    host: z.string().nullable(),
    release: z.strictObject({ withinMs: z.number(), policy: ApprovalPolicy, startedBy: z.string().nullable() }).optional(),
  });

const campaignInput = () =>
  z.strictObject({
    select: z.union([z.strictObject({ tier: z.string().min(1) }), z.strictObject({ which: z.enum(['all', 'changed']) })]),
    only: z.array(z.enum(ARTIFACT_KINDS)),
    startedBy: z.string().nullable(),
    /** From this workflow itself, when it continues as new. */
    resume: z.custom<CampaignResume>((value) => typeof value === 'object' && value !== null).optional(),
    continueAfter: z.int().positive().optional(),
  });

const revalidateInput = () => {
  const [nightly, weekly] = REVALIDATIONS;
  return z.discriminatedUnion('which', [
    z.strictObject({ which: z.literal(nightly) }),
    z.strictObject({ which: z.literal(weekly), weeks: z.int().min(1).max(MAX_WEEKS) }),
  ]);
};

/**
 * Checks the input of a workflow. People can start a workflow by hand with any input. A wrong input fails the workflow with a
 * message: the server would retry a workflow that throws a plain JavaScript error forever.
 *
 * @param schemaOf builds the schema on demand: every workflow loads this module and needs one schema of it
 */
const check =
  <T>(workflow: string, schemaOf: () => z.ZodType, advice: string) =>
  (input: T): T => {
    const parsed = schemaOf().safeParse(input);
    if (parsed.success) return input;
    throw refusal('workflow/input', `${workflow} cannot start with this input: ${describeIssues(parsed.error)}. ${advice}`);
  };

export const checkPublishInput = check<PublishInput>('publishEntry', publishInput, 'Start it with `swp start`.');
export const checkArtifactInput = check<ArtifactInput>('publishArtifact', artifactInput, 'A publish starts it: `swp start`.');
export const checkCampaignInput = check<CampaignInput>(
  'publishCampaign',
  campaignInput,
  'Start it with {"select": {"tier": "smoke"} or {"which": "all" | "changed"}, "only": [], "startedBy": "name" or null}.',
);
export const checkRevalidateInput = check<RevalidateInput>(
  'revalidate',
  revalidateInput,
  'Start it with {"which": "nightly"} or {"which": "weekly", "weeks": 8}.',
);
