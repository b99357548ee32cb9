import { z } from 'zod';
import { CommitSha } from '../../../core/ids.js';

export const Gated = z.union([z.literal(false), z.enum(['auto', 'manual'])]);
export type Gated = z.infer<typeof Gated>;

/** What the hub knows about a repository besides its commits. */
export const RepoRecord = z.object({
  objectId: z.string(),
  /** `owner/name` as its creator spelt it. */
  id: z.string(),
  private: z.boolean(),
  gated: Gated,
  downloads: z.int().nonnegative().default(0),
  likes: z.int().nonnegative().default(0),
  createdAt: z.number(),
  lastModified: z.number(),
  /** The commit of `main`. */
  head: CommitSha,
});
export type RepoRecord = z.infer<typeof RepoRecord>;
