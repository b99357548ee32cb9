import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import type { VerifyReport } from '../contract/publish-activities.js';
import type { RepoId } from '../core/ids.js';
import type { Problem } from '../plan/problem.js';
import type { CommitInDoubt, Committed } from './commit-in-doubt.js';
import { CommitMissing, problemOf, type NeedsAttention } from './needs-attention.js';
import { control } from './activity-proxies.js';

export interface VerifyContext {
  readonly target: RepoId;
  /** Read everything back, not a sample. */
  readonly full: boolean;
  readonly doubt: CommitInDoubt;
  readonly attention: NeedsAttention;
  /** Called with the commit that is verified; null where the one that was answered is not there. */
  readonly onCommit: (committed: Committed | null) => void;
}

export interface Verified {
  readonly committed: Committed;
  readonly report: VerifyReport;
}

/**
 * A commit that cannot be verified may not be the one that was made: an answer can name a wrong one. The trailers tell.
 *
 * @returns the commit to verify next: another one, or after an operator's retry the same
 * @throws CommitMissing when no commit was made and an operator wants another attempt
 */
const correct = async (committed: Committed, problem: Problem, context: VerifyContext): Promise<Committed> => {
  const { target, doubt, attention, onCommit } = context;
  const found = await doubt.lookBriefly();
  if (found?.outcome === 'committed' && found.commit !== committed.commit) return found;
  if (found?.outcome === 'absent' && found.head === doubt.parent) {
    doubt.markUnknown();
    onCommit(null);
    await attention.pauseForOperator({
      step: 'committing',
      code: 'commit/not-there',
      kind: 'conflict',
      reason: `The Hub answered commit ${committed.commit}, which is not in ${target}: its head is still ${found.head}.`,
      hint: 'Retry sends the same commit again.',
    });
    throw new CommitMissing();
  }
  await attention.pauseForOperator(problem);
  return committed;
};

/** Verifies a commit, pausing on what differs until it is right or a person gives up. */
export const verifyCommit = async (first: Committed, context: VerifyContext): Promise<Verified> => {
  const { target, full } = context;
  let committed = first;
  for (;;) {
    context.onCommit(committed);
    const { commit, manifestDigest, provenanceDigest } = committed;
    const summary = `verify ${target} at ${commit.slice(0, 12)}`;
    try {
      const request = { target, commit, manifestDigest, provenanceDigest, full };
      return { committed, report: await control().verifyArtifact.executeWithOptions({ summary }, [request]) };
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      committed = await correct(committed, problemOf('verifying', error), context);
    }
  }
};
