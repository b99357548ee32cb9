import type { CommitReport } from '../contract/publish-activities.js';
import type { CommitSha } from '../core/ids.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';

type Committed = Extract<CommitReport, { outcome: 'committed' }>;

/** The state that a publish leaves in a target when it ends early: the state of its commit, also as a sentence. */
export interface Remains {
  readonly commit: 'none' | 'unverified' | 'unknown';
  readonly text: string;
}

/** @param hasUploadBegun true once the upload has started, which creates an absent target */
export const nothingSent = ({ target }: ArtifactPlan, hasUploadBegun: boolean): Remains => ({
  commit: 'none',
  text:
    hasUploadBegun && target.head === null
      ? `No commit was sent to ${target.repo}. The upload may have created it as an empty repository.`
      : `No commit was sent to ${target.repo}.`,
});

/** @param isUnanswered true if the step ended without an answer to its request */
export const absentCommit = (repo: string, head: CommitSha, parent: CommitSha, isUnanswered: boolean): Remains => {
  if (head !== parent)
    return { commit: 'none', text: `No commit of this publish is in ${repo}: another writer moved its head to ${head}.` };
  const seen = `No commit of this publish is in ${repo}: its head is still ${head}.`;
  if (!isUnanswered) return { commit: 'none', text: seen };
  return { commit: 'unknown', text: `${seen} The commit request got no answer and may still arrive: check with swp verify ${repo}.` };
};

export const unknownCommit = (repo: string, lastSeenHead: CommitSha): Remains => ({
  commit: 'unknown',
  text: `Outcome unknown: last seen head ${lastSeenHead}. The commit may be in ${repo}: check with swp verify ${repo} once the Hub answers.`,
});

export const unverifiedCommit = (repo: string, { commit, settled }: Committed): Remains => ({
  commit: 'unverified',
  text:
    settled === 'found'
      ? `Commit ${commit} of this publish is in ${repo}, but was not verified: run swp verify ${repo}.`
      : `The Hub answered with commit ${commit}, which was not verified: run swp verify ${repo}.`,
});
