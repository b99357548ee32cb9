import { z } from 'zod';
import { CommitSha } from '../../../core/ids.js';

export const Gated = z.union([z.literal(false), z.enum(['auto', 'manual'])]);
export type Gated = z.infer<typeof Gated>;

/** The hub's data about a repository, except its commits. */
export const RepoRecord = z.object({
  objectId: z.string(),
  /** `owner/name` in its creator's spelling. */
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
