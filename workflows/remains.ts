import type { CommitReport } from '../contract/publish-activities.js';
import type { CommitSha } from '../core/ids.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';

type Committed = Extract<CommitReport, { outcome: 'committed' }>;

/** What a publish that ends early leaves in a target: whether its commit is there, and that as a sentence. */
export interface Remains {
  readonly commit: 'none' | 'unverified' | 'unknown';
  readonly text: string;
}

/** @param uploadBegan an absent target is created then */
export const nothingSent = ({ target }: ArtifactPlan, uploadBegan: boolean): Remains => ({
  commit: 'none',
  text:
    uploadBegan && target.head === null
      ? `No commit was sent to ${target.repo}, which may have been created and be empty.`
      : `No commit was sent to ${target.repo}.`,
});

/** @param isUnanswered the request was still under way when its step ended */
export const absentCommit = (repo: string, head: CommitSha, parent: CommitSha, isUnanswered: boolean): Remains => {
  if (head !== parent)
    return { commit: 'none', text: `No commit of this publish is in ${repo}: somebody else has moved its head to ${head}.` };
  const seen = `No commit of this publish is in ${repo}: its head is still ${head}.`;
  if (!isUnanswered) return { commit: 'none', text: seen };
  return { commit: 'unknown', text: `${seen} A request was still under way and may arrive yet: swp verify ${repo} tells.` };
};

export const unknownCommit = (repo: string, lastSeenHead: CommitSha): Remains => ({
  commit: 'unknown',
  text: `Outcome unknown: last seen head ${lastSeenHead}. The commit may be in ${repo}: swp verify ${repo} tells, once the Hub can be read.`,
});

export const unverifiedCommit = (repo: string, { commit, settled }: Committed): Remains => ({
  commit: 'unverified',
  text:
    settled === 'found'
      ? `Commit ${commit} of this publish is in ${repo}, and was not verified: swp verify ${repo} does that.`
      : `The Hub answered commit ${commit}, which was not verified: swp verify ${repo} does that.`,
});
