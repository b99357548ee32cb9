import { z } from 'zod';
import { CommitSha, Digest, RepoId, Sha256 } from '../core/ids.js';

/** The conversions that this SWP makes; a recipe of another one it can only read. */
export const CONVERSIONS = { mtp: 2, vision: 1, vindex: 1 } as const;

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

/** Everything that determines the payload bytes of a vindex. */
export const VindexRecipe = z.strictObject({
  kind: z.literal('vindex'),
  conversion: z.literal(1),
  source: z.strictObject({ repo: RepoId, commit: CommitSha }),
  quant: z.enum(['none', 'q4k']),
  slice: z.enum(['full', 'expert-server']),
  /** What larql's `--level` said. */
  level: z.enum(['browse', 'attention', 'inference', 'all']),
  /** The files that larql reads: how many, and the digest of their paths, sizes and digests. */
  selection: z.strictObject({ files: z.int().nonnegative(), digest: Digest }),
  larql: z.strictObject({ sha256: Sha256, blocks: z.enum(['early', 'ggml', 'none']) }),
  /** Environment that decides how sums are split, and so on the last bits of `down_meta.bin`. */
  blas: z.record(z.string(), z.string()),
});
export type VindexRecipe = z.infer<typeof VindexRecipe>;

export const Recipe = z.discriminatedUnion('kind', [MtpRecipe, VisionRecipe, VindexRecipe]);
export type Recipe = z.infer<typeof Recipe>;
