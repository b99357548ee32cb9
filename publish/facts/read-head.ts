import type { CommitSha, RepoId } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { readRepo } from '../../hub/read/repo.js';
import { isEmpty } from '../../plan/target-state.js';

export interface Head {
  readonly commit: CommitSha;
  readonly private: boolean;
  /** True if it holds no file but `.gitattributes`: it then counts as absent. */
  readonly empty: boolean;
}

/** Reads the current head of a repository; null if the Hub shows no repository. */
export const readHead = async (hub: Hub, repo: RepoId, signal: AbortSignal): Promise<Head | null> => {
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) return null;
  return { commit: found.commit, private: found.private, empty: isEmpty(found.files) };
};
