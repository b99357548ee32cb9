import { ActivityFailure, ApplicationFailure, CancellationScope, CancelledFailure } from '@temporalio/workflow';
import type { CommitReport, CommitRequest, CommitSearch, RequestNotSentDetail } from '../contract/publish-activities.js';
import type { CommitSha } from '../core/ids.js';
import type { NeedsAttention } from './needs-attention.js';
import { absentCommit, unknownCommit, type Remains } from './remains.js';
import { control, controlBriefly } from './activity-proxies.js';

export type Committed = Extract<CommitReport, { outcome: 'committed' }>;

/** Whether a commit step says so of its request. */
const says = (error: unknown, detail: RequestNotSentDetail): boolean => {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return (cause instanceof ApplicationFailure || cause instanceof CancelledFailure) && cause.details?.includes(detail) === true;
};

/** Whether a failed commit step had an answer to its request, and looked at the target afterwards. */
const isAnswered = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type !== 'hub/commit-unknown' &&
  !says(error, 'nothing-sent-now');

/**
 * The commit that a host was asked to make, from then on until its outcome is known.
 *
 * A commit step that fails, is taken back or loses its worker may have made its commit, whatever the failure says. Sending
 * it again cannot make two: every request names the planned head as its parent, and the Hub takes one such commit at most.
 * What remains is to know ours when we see it, so that it is verified and not taken for a stranger's: it is looked for
 * before anything is built again, where the target turns out to have moved, and before a publish that ends says what it
 * leaves. The second host's own look is not enough for that: `provenance.json` names the machine that computed the payload,
 * so the tree that it would commit may differ from the first one's in that file.
 */
export class CommitInDoubt {
  /** The newest request that may have been sent. */
  private request: CommitRequest | null = null;
  private isUnknown = false;
  /** The step ended without an answer to its request, which may arrive yet. */
  private isUnanswered = false;

  constructor(private readonly attention: NeedsAttention) {}

  /** The parent of the newest request. */
  get parent(): CommitSha | null {
    return this.request?.parent ?? null;
  }

  /** Runs a commit step: until it says what became of its commit, the outcome is unknown. */
  async during(request: CommitRequest, commit: () => Promise<CommitReport>): Promise<CommitReport> {
    const { request: before, isUnknown, isUnanswered } = this;
    [this.request, this.isUnknown, this.isUnanswered] = [request, true, true];
    try {
      const report = await commit();
      this.isUnanswered = false;
      if (report.outcome === 'committed') this.isUnknown = false;
      return report;
    } catch (error) {
      if (says(error, 'nothing-sent')) [this.request, this.isUnknown, this.isUnanswered] = [before, isUnknown, isUnanswered];
      else this.isUnanswered = !isAnswered(error);
      throw error;
    }
  }

  /** The commit that was answered is not there. */
  markUnknown(): void {
    this.isUnknown = this.request !== null;
  }

  /** The commit, where its outcome was unknown and it was made. */
  async find(): Promise<Committed | null> {
    const { request } = this;
    if (request === null || !this.isUnknown) return null;
    const found = await this.attention.attempt('committing', () =>
      control().findCommit.executeWithOptions({ summary: `look for a commit to ${request.approved.plan.target.repo}` }, [request]),
    );
    return found.outcome === 'committed' ? found : null;
  }

  /** One look at the target, whatever is known, that does not wait long; null where the Hub does not answer. */
  async lookBriefly(): Promise<CommitSearch | null> {
    const { request } = this;
    if (request === null) return null;
    try {
      return await CancellationScope.nonCancellable(() => controlBriefly().findCommit(request));
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      return null;
    }
  }

  /** For a publish that ends: the commit where it was made, else what is known of it; null where none was sent. */
  async settleAtEnd(): Promise<Committed | Remains | null> {
    const { request } = this;
    if (request === null || !this.isUnknown) return null;
    const found = await this.lookBriefly();
    if (found?.outcome === 'committed') return found;
    const target = request.approved.plan.target.repo;
    const head = found?.head ?? null;
    return head === null ? unknownCommit(target, request.parent) : absentCommit(target, head, request.parent, this.isUnanswered);
  }
}
