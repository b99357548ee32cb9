import { z } from 'zod';
import { CommitSha, Digest, RepoId, Sha256 } from '../core/ids.js';

/** Numbers of the conversions that this SWP makes. It can only read recipes of other conversions. */
export const CONVERSIONS = { mtp: 2, vision: 1, vindex: 1 } as const;

/**
 * Everything that determines the payload bytes of an MTP sidecar. `conversion` increases only when the same source and
 * selection would give other bytes; SWP's own version is not part of it.
 */
export const MtpRecipe = z.strictObject({
  kind: z.literal('mtp'),
  /** 1 wrote only the safetensors file, with unchanged tensors; 2 decodes and renames tensors, and lists what it did. */
  conversion: z.literal([1, 2]),
  source: z.strictObject({ repo: RepoId, commit: CommitSha }),
  names: z.enum(['skulk', 'source']),
  /** The tensors of the sidecar: their number, and the digest of the source and conversion of each. */
  selection: z.strictObject({ tensors: z.int().nonnegative(), digest: Digest }),
});
export type MtpRecipe = z.infer<typeof MtpRecipe>;

/** Everything that determines the payload bytes of a vision mirror: a commit and a selection of its files. */
export const VisionRecipe = z.strictObject({
  kind: z.literal('vision'),
  conversion: z.literal(1),
  source: z.strictObject({ repo: RepoId, commit: CommitSha }),
  /** The mirrored files: their number, and the digest of their paths, sizes and digests. */
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
  /** The value of larql's `--level`. */
  level: z.enum(['browse', 'attention', 'inference', 'all']),
  /** The files that larql reads: their number, and the digest of their paths, sizes and digests. */
  selection: z.strictObject({ files: z.int().nonnegative(), digest: Digest }),
  larql: z.strictObject({ sha256: Sha256, blocks: z.enum(['early', 'ggml', 'none']) }),
  /** The environment that decides how sums are split, and therefore the last bits of `down_meta.bin`. */
  blas: z.record(z.string(), z.string()),
});
export type VindexRecipe = z.infer<typeof VindexRecipe>;

export const Recipe = z.discriminatedUnion('kind', [MtpRecipe, VisionRecipe, VindexRecipe]);
export type Recipe = z.infer<typeof Recipe>;
