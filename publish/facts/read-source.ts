import { SwpError } from '../../core/error.js';
import type { CommitSha, RepoId, Revision } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { readRepo } from '../../hub/read/repo.js';
import type { PayloadPlan } from '../../plan/artifact-plan.js';
import type { SourceFacts } from '../../plan/facts.js';

/** Reads a source at a commit, at a branch or tag, or at the head of `main`; null if the Hub shows no such repository. */
export const readSource = async (
  hub: Hub,
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

/**
 * Reads the source of a plan at its pinned commit.
 *
 * @throws SwpError `build/source-gone`
 */
export const readPlannedSource = async (hub: Hub, plan: PayloadPlan, signal: AbortSignal): Promise<SourceFacts> => {
  if (plan.source === null) throw new SwpError('internal', 'build/no-source', `The plan for ${plan.target.repo} has no source.`);
  const { repo, commit } = plan.source;
  const source = await readSource(hub, repo, commit, signal);
  if (source !== null) return source;
  throw new SwpError('not-found', 'build/source-gone', `The Hub no longer shows ${repo} at ${commit}.`, {
    hint: 'Find out why it is gone, then retry; or abandon and change the entry.',
  });
};
