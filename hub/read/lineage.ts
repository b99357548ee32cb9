import { z } from 'zod';
import { RepoId, type CommitSha } from '../../core/ids.js';
import { callJson, hubUrl, type CallOptions } from '../call.js';
import type { HubConfig } from '../config.js';
import { repoPath } from '../repo-path.js';

/** Tags are short; one that is not text is passed over. */
const Tagged = z.object({ tags: z.array(z.string().catch('')).catch([]) });

const QUANTIZED = 'base_model:quantized:';

/** The models that tags say this one was quantised from. Plain `base_model:` tags do not say how: fine-tunes have them too. */
export const quantizedFrom = (tags: readonly string[]): RepoId[] =>
  tags.flatMap((tag) => (tag.startsWith(QUANTIZED) ? (RepoId.safeParse(tag.slice(QUANTIZED.length)).data ?? []) : []));

/** Reads which models a repository was quantised from, as the Hub derives it from its card. */
export const readQuantizedFrom = async (hub: HubConfig, repo: RepoId, commit: CommitSha, { signal }: CallOptions): Promise<RepoId[]> => {
  const url = hubUrl(hub, `/api/models/${repoPath(repo)}/revision/${commit}?expand=tags`);
  return quantizedFrom((await callJson(hub, { method: 'GET', url, authorized: true, signal }, Tagged)).value.tags);
};
