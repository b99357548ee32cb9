import type { CommitSha, RepoId } from '../../core/ids.js';
import type { HubConfig } from '../../hub/config.js';
import { readRepo } from '../../hub/read/repo.js';
import { isEmpty } from '../../plan/target-state.js';

export interface Head {
  readonly commit: CommitSha;
  readonly private: boolean;
  /** Nothing in it but `.gitattributes`: it counts as absent. */
  readonly empty: boolean;
}

/** The head of a repository as it is now; null where there is none. */
export const readHead = async (hub: HubConfig, repo: RepoId, signal: AbortSignal): Promise<Head | null> => {
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) return null;
  return { commit: found.commit, private: found.private, empty: isEmpty(found.files) };
};
