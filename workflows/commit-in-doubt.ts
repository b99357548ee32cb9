import { ActivityFailure, ApplicationFailure, CancellationScope, CancelledFailure } from '@temporalio/workflow';
import type { CommitReport, CommitRequest, CommitSearch, RequestNotSentDetail } from '../contract/publish-activities.js';
import type { CommitSha } from '../core/ids.js';
import type { NeedsAttention } from './needs-attention.js';
import { absentCommit, unknownCommit, type Remains } from './remains.js';
import { LIMITS, on } from './activities.js';

export type Committed = Extract<CommitReport, { outcome: 'committed' }>;

/** Returns true if a failed or cancelled commit step carries this detail about its request. */
const hasDetail = (error: unknown, detail: RequestNotSentDetail): boolean => {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return (cause instanceof ApplicationFailure || cause instanceof CancelledFailure) && cause.details?.includes(detail) === true;
};

/** Returns true if a failed commit step got an answer to its request and looked at the target afterwards. */
const isAnswered = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type !== 'hub/commit-unknown' &&
  !hasDetail(error, 'nothing-sent-now');

/**
 * Tracks a commit from its request until its outcome is known.
 *
 * A commit step that fails, is cancelled or loses its worker may have made its commit, whatever the failure says. A repeated
 * request cannot make a second commit: every request names the planned head as its parent, and the Hub accepts at most one
 * such commit. But our commit must be recognised, so that it is verified and not mistaken for the commit of another writer.
 * The search for it runs before a new build, after the target turns out to have moved, and before a publish that ends reports
 * what it leaves. The second host's own search is not enough: `provenance.json` names the machine that computed the payload,
 * so the second host's tree may differ from the first one's in that file.
 */
export class CommitInDoubt {
  /** The newest request that may have been sent. */
  private request: CommitRequest | null = null;
  private isUnknown = false;
  /** True if the step ended without an answer to its request, which may still arrive. */
  private isUnanswered = false;

  constructor(private readonly attention: NeedsAttention) {}

  /** The parent of the newest request. */
  get parent(): CommitSha | null {
    return this.request?.parent ?? null;
  }

  /** Runs a commit step. The outcome of its commit is unknown until the step reports it. */
  async track(request: CommitRequest, commit: () => Promise<CommitReport>): Promise<CommitReport> {
    const { request: before, isUnknown, isUnanswered } = this;
    [this.request, this.isUnknown, this.isUnanswered] = [request, true, true];
    try {
      const report = await commit();
      this.isUnanswered = false;
      if (report.outcome === 'committed') this.isUnknown = false;
      return report;
    } catch (error) {
      if (hasDetail(error, 'nothing-sent')) [this.request, this.isUnknown, this.isUnanswered] = [before, isUnknown, isUnanswered];
      else this.isUnanswered = !isAnswered(error);
      throw error;
    }
  }

  /** Marks the outcome as unknown again: the commit in the Hub's answer does not exist. */
  markUnknown(): void {
    this.isUnknown = this.request !== null;
  }

  /** Searches for a commit with an unknown outcome. Returns null if it was not made, or if its outcome is known. */
  async find(): Promise<Committed | null> {
    const { request } = this;
    if (request === null || !this.isUnknown) return null;
    const found = await this.attention.attempt('committing', () =>
      on('control').findCommit.executeWithOptions({ summary: `look for a commit to ${request.approved.plan.target.repo}` }, [request]),
    );
    return found.outcome === 'committed' ? found : null;
  }

  /** Searches once, with a short limit, even if the outcome is known. Returns null if the Hub does not answer, or without a request. */
  async searchOnce(): Promise<CommitSearch | null> {
    const { request } = this;
    if (request === null) return null;
    try {
      return await CancellationScope.nonCancellable(() => on('control', LIMITS.lastLook).findCommit(request));
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      return null;
    }
  }

  /**
   * Settles the outcome for a publish that ends: returns the commit if it was made, else the known facts about it; null if no
   * outcome is unknown.
   */
  async settleAtEnd(): Promise<Committed | Remains | null> {
    const { request } = this;
    if (request === null || !this.isUnknown) return null;
    const found = await this.searchOnce();
    if (found?.outcome === 'committed') return found;
    const target = request.approved.plan.target.repo;
    const head = found?.head ?? null;
    return head === null ? unknownCommit(target, request.parent) : absentCommit(target, head, request.parent, this.isUnanswered);
  }
}
