import { z } from 'zod';
import { RepoId, type CommitSha } from '../../core/ids.js';
import { callJson, hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { repoPath } from '../repo-path.js';

/** Tags are short; a tag that is not text becomes an empty string. */
const Tagged = z.object({ tags: z.array(z.string().catch('')).catch([]) });

const QUANTIZED = 'base_model:quantized:';

/**
 * Returns the models that the tags name as sources of a quantisation. Fine-tunes have plain `base_model:` tags too, so
 * these do not count.
 */
export const quantizedFrom = (tags: readonly string[]): RepoId[] =>
  tags.flatMap((tag) => (tag.startsWith(QUANTIZED) ? (RepoId.safeParse(tag.slice(QUANTIZED.length)).data ?? []) : []));

/** Reads the models that a repository was quantised from, as the Hub derives them from its card. */
export const readQuantizedFrom = async (hub: Hub, repo: RepoId, commit: CommitSha, { signal }: CallOptions): Promise<RepoId[]> => {
  const url = hubUrl(hub, `/api/models/${repoPath(repo)}/revision/${commit}?expand=tags`);
  return quantizedFrom((await callJson(hub, { method: 'GET', url, signal }, Tagged)).value.tags);
};
