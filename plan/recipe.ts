import { z } from 'zod';
import { CommitSha, Digest, RepoId } from '../core/ids.js';

/**
 * Everything that determines the payload bytes of an MTP sidecar. `conversion` rises only when the same
 * source and selection would give other bytes; SWP's own version is no part of it.
 */
export const MtpRecipe = z.strictObject({
  kind: z.literal('mtp'),
  /** 1 wrote the safetensors file alone, all of its tensors untouched; 2 decodes, renames, and lists what it did. */
  conversion: z.literal([1, 2]),
  source: z.strictObject({ repo: RepoId, commit: CommitSha }),
  names: z.enum(['skulk', 'source']),
  /** The tensors of the sidecar: how many, and the digest of what each is made of, and how. */
  selection: z.strictObject({ tensors: z.int().nonnegative(), digest: Digest }),
});
export type MtpRecipe = z.infer<typeof MtpRecipe>;

/** Everything that determines the payload bytes of a vision mirror: which files of which commit. */
export const VisionRecipe = z.strictObject({
  kind: z.literal('vision'),
  conversion: z.literal(1),
  source: z.strictObject({ repo: RepoId, commit: CommitSha }),
  /** The mirrored files: how many, and the digest of their paths, sizes and digests. */
  selection: z.strictObject({ files: z.int().nonnegative(), digest: Digest }),
});
export type VisionRecipe = z.infer<typeof VisionRecipe>;

export const Recipe = z.discriminatedUnion('kind', [MtpRecipe, VisionRecipe]);
export type Recipe = z.infer<typeof Recipe>;
