import { ActivityFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { CommitReport } from '../activities/api.js';
import type { CommitSha, Digest } from '../core/ids.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { Parking } from './parking.js';
import { control, controlBriefly } from './steps.js';

export type Committed = Extract<CommitReport, { outcome: 'committed' }>;

interface Sent {
  readonly approved: ApprovedArtifact;
  readonly manifestDigest: Digest;
  readonly parent: CommitSha;
}

/**
 * The commit that a host may have sent before it was left.
 *
 * Leaving a host in the middle of its commit can not make two commits. Its step has ended before another host is claimed,
 * but its request may be on the way to the Hub still, and a worker that is only cut off from Temporal may go on for some
 * seconds. Whatever is sent, by either host, names the planned head as its parent, and the Hub takes one such commit at
 * most. What remains is to know ours when we see it, so that it is verified and not taken for a stranger's: it is looked
 * for before anything is built again, which saves hours, and once more wherever the target turns out to have moved, since
 * it may have arrived meanwhile. The second host's own look is not enough for that: `provenance.json` names the machine
 * that computed the payload, so the tree that it would commit may differ from the first one's in that file.
 */
export class SentCommit {
  private sent: Sent | null = null;
  private isOpen = false;

  constructor(private readonly parking: Parking) {}

  /** Whether a host was left that may have committed. */
  get unknown(): boolean {
    return this.isOpen;
  }

  get manifestDigest(): Digest | null {
    return this.sent?.manifestDigest ?? null;
  }

  /** Notes what a host is about to commit. */
  note(sent: Sent): void {
    this.sent = sent;
  }

  /** The host was left, and did not say what came of it. */
  loseSight(): void {
    this.isOpen = this.sent !== null;
  }

  /** The commit, where a host that was left has made it. What it was sent for is not cancelled before that is known. */
  async find(): Promise<Committed | null> {
    const { sent } = this;
    if (sent === null || !this.isOpen) return null;
    return CancellationScope.nonCancellable(() =>
      this.parking.attempt('committing', () =>
        control().findCommit.executeWithOptions({ summary: `look for a commit to ${sent.approved.plan.target.repo}` }, [sent]),
      ),
    );
  }

  /** As {@link find}, for a publish that ends: a Hub that does not answer within a minute leaves it unknown. */
  async findAtEnd(): Promise<Committed | null> {
    const { sent } = this;
    if (sent === null || !this.isOpen) return null;
    try {
      return await CancellationScope.nonCancellable(() => controlBriefly().findCommit(sent));
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      return null;
    }
  }
}
