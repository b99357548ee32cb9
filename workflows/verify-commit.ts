import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import type { VerifyReport } from '../contract/publish-activities.js';
import type { RepoId } from '../core/ids.js';
import type { Problem } from '../plan/problem.js';
import type { CommitInDoubt, Committed } from './commit-in-doubt.js';
import { problemOf, type NeedsAttention } from './needs-attention.js';
import { on } from './activities.js';

export interface VerifyContext {
  readonly target: RepoId;
  /** Read all bytes back, not only samples. */
  readonly full: boolean;
  readonly doubt: CommitInDoubt;
  readonly attention: NeedsAttention;
  /** Called with the commit under verification; null if the commit in the Hub's answer does not exist. */
  readonly onCommit: (committed: Committed | null) => void;
}

export interface Verified {
  readonly committed: Committed;
  readonly report: VerifyReport;
}

/**
 * Handles a commit that cannot be verified. The Hub's answer can name a wrong commit, so the trailers decide which one is ours.
 *
 * @returns the commit to verify next: another one, or the same one after an operator's retry; `missing` if no commit was made and
 *   an operator wants another attempt
 */
const resolveMismatch = async (committed: Committed, problem: Problem, context: VerifyContext): Promise<Committed | 'missing'> => {
  const { target, doubt, attention, onCommit } = context;
  const found = await doubt.searchOnce();
  if (found?.outcome === 'committed' && found.commit !== committed.commit) return found;
  if (found?.outcome === 'absent' && found.head === doubt.parent) {
    doubt.markUnknown();
    onCommit(null);
    await attention.pauseForOperator({
      step: 'committing',
      code: 'commit/not-there',
      kind: 'conflict',
      reason: `The Hub answered with commit ${committed.commit}, which is not in ${target}: its head is still ${found.head}.`,
      hint: 'Retry to send the same commit again.',
    });
    return 'missing';
  }
  await attention.pauseForOperator(problem);
  return committed;
};

/**
 * Verifies a commit. Pauses on a difference until the commit is right or a person gives up. Returns `missing` if the commit in
 * the Hub's answer was never made: the publish sends its request again.
 */
export const verifyCommit = async (first: Committed, context: VerifyContext): Promise<Verified | 'missing'> => {
  const { target, full } = context;
  let committed: Committed | 'missing' = first;
  while (committed !== 'missing') {
    context.onCommit(committed);
    const { commit, manifestDigest, provenanceDigest } = committed;
    const summary = `verify ${target} at ${commit.slice(0, 12)}`;
    try {
      const request = { target, commit, manifestDigest, provenanceDigest, full };
      return { committed, report: await on('control').verifyArtifact.executeWithOptions({ summary }, [request]) };
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      committed = await resolveMismatch(committed, problemOf('verifying', error), context);
    }
  }
  return committed;
};
