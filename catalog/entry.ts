import { z } from 'zod';
import { CollectionSlug, CommitSha, RepoId } from '../core/ids.js';

const PlainName = z
  .string()
  .max(96)
  .regex(/^[A-Za-z0-9][\w.-]*$/, 'must be a plain name: letters, digits, dots, hyphens, underscores, no separators')
  .refine((name) => !name.includes('..'), 'must not contain ".."');

const Revision = CommitSha.describe('Commit SHA to pin. Without it, the plan takes the head of main and records it.');

/** Maximum length of a collection's title on the Hub. */
const TITLE_LIMIT = 60;

/** Checks each field of a catalog entry; {@link brokenRules} checks the rules between fields. */
export const Entry = z.strictObject({
  key: z
    .string()
    .max(96)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case letters and digits, in words joined by hyphens')
    .describe('Short name, unique in its source. The merged catalog calls the entry source/key.'),
  source_model: RepoId.describe('Hub repository that LARQL extracts from.').optional(),
  source_revision: Revision.optional(),
  quant: z.enum(['q4k', 'none']).describe('LARQL quantisation.').optional(),
  slices: z
    .tuple([z.enum(['full', 'expert-server'])])
    .describe('[full] or [expert-server].')
    .optional(),
  tier: z
    .string()
    .max(64)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case letters and digits, in words joined by hyphens')
    .describe('smoke, moe, or a group of your own; campaigns select by it.'),
  output_name: PlainName.endsWith('.vindex', 'must end in .vindex').describe('Directory name of the vindex.').optional(),
  hf_repo: RepoId.describe('Target repository of the vindex.').optional(),
  hf_collection: z
    .string()
    .min(1)
    .max(200)
    .refine(
      (text) => CollectionSlug.safeParse(text).success || text.length <= TITLE_LIMIT,
      `must be the slug of a collection (owner/words-id), or a title of at most ${TITLE_LIMIT} characters`,
    )
    .describe(
      "Collection for the main target (the vindex; without a vindex, each sidecar): a slug, or a title in the target's namespace. SWP creates a missing collection with that title.",
    )
    .optional(),
  private: z.boolean().describe('Create absent targets private. An existing target keeps its visibility.').optional(),
  mtp_source_repo: RepoId.describe('The original checkpoint with MTP heads.').optional(),
  mtp_source_revision: Revision.optional(),
  mtp_sidecar_repo: RepoId.describe('Target repository of the MTP sidecar.').optional(),
  mtp_names: z.enum(['skulk', 'source']).describe("Tensor names: those that Skulk's loader binds (default), or the source's.").optional(),
  mtp_quant: z
    .literal('bf16', 'must be bf16 or left out: the heads are the drafter and stay unquantised')
    .describe('Only bf16: the heads stay unquantised.')
    .optional(),
  assistant_model_repo: RepoId.describe('Repository of a companion drafter. Cannot be combined with the MTP fields.').optional(),
  vision_source_repo: RepoId.describe('Repository that is mirrored.').optional(),
  vision_source_revision: Revision.optional(),
  vision_sidecar_repo: RepoId.describe('Target repository of the mirror.').optional(),
});
export type Entry = z.infer<typeof Entry>;

export const ENTRY_FIELDS: readonly string[] = Object.keys(Entry.shape);
