import type { CommitSha, RepoId, Revision } from '../../core/ids.js';
import type { HubConfig } from '../../hub/config.js';
import { readRepo } from '../../hub/read/repo.js';
import type { SourceFacts } from '../../plan/facts.js';

/** Reads a source at its pinned commit, at a branch or tag, or at the head of `main`; null where the Hub shows no such repository. */
export const readSource = async (
  hub: HubConfig,
  repo: RepoId,
  revision: CommitSha | Revision | null,
  signal: AbortSignal,
): Promise<SourceFacts | null> => {
  const found = await readRepo(hub, repo, revision ?? undefined, { signal });
  if ('absent' in found) return null;
  return {
    repo: found.repo,
    commit: found.commit,
    private: found.private,
    gated: found.gated !== false,
    license: found.license,
    files: found.files,
  };
};
