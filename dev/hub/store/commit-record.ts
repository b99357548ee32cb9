import { z } from 'zod';
import { CommitSha, GitBlobId, Sha256 } from '../../../core/ids.js';

/**
 * One file of a tree. `oid` is the git blob id of its bytes. For an LFS file, `oid` is the blob id of its pointer, and `lfs` is
 * the SHA-256 of its bytes.
 */
const TreeEntry = z.object({ oid: GitBlobId, size: z.int().nonnegative(), lfs: Sha256.optional() });
export type TreeEntry = z.infer<typeof TreeEntry>;

/** Path → file. */
export type Tree = ReadonlyMap<string, TreeEntry>;

export const CommitRecord = z.object({
  id: CommitSha,
  parent: CommitSha.optional(),
  title: z.string(),
  body: z.string(),
  user: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  // Stored as pairs, since a path may be `__proto__`.
  files: z.array(z.tuple([z.string(), TreeEntry])).transform((files): Tree => new Map(files)),
});
export type CommitRecord = z.output<typeof CommitRecord>;

export const serializeCommit = (commit: CommitRecord): string => JSON.stringify({ ...commit, files: [...commit.files] });
