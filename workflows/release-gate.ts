import type { BuildReport } from '../contract/publish-activities.js';
import type { Approval } from '../plan/approval.js';
import { reviewerText, type DecisionRecord } from '../plan/decision.js';
import { releaseDetails } from './details.js';
import { Review } from './review.js';
import type { ReleaseTerms } from '../contract/results.js';

/** How a gate ends that is not opened. */
export interface Refused {
  readonly outcome: 'rejected' | 'expired';
  readonly reason: string;
}

const refusedFor = ({ state, decision }: Approval): Refused =>
  state === 'rejected' && decision !== null
    ? {
        outcome: 'rejected',
        reason: `${reviewerText(decision)} did not release it${decision.note === undefined ? '' : `: ${decision.note}`}`,
      }
    : { outcome: 'expired', reason: 'nobody released it in time' };

/** The second gate: what was sealed waits until a person has approved exactly its manifest. */
export class ReleaseGate {
  private readonly review: Review;
  private sealed: BuildReport | null = null;

  constructor(
    private readonly terms: ReleaseTerms,
    onChange: () => void,
  ) {
    this.review = new Review('manifest', onChange);
  }

  get approval(): Approval | null {
    return this.review.approval;
  }

  /** Who released it. */
  get approvals(): readonly DecisionRecord[] {
    return this.approval?.approvals ?? [];
  }

  /** True for bytes that were released before: a build that was lost and made again has the same manifest. */
  isOpenFor({ manifestDigest }: BuildReport): boolean {
    return this.approval?.state === 'approved' && this.approval.manifest === manifestDigest;
  }

  /** Waits for the decision; null once it is released. */
  async wait(sealed: BuildReport, { round, plan }: DecisionRecord): Promise<Refused | null> {
    this.sealed = sealed;
    const { withinMs, policy, startedBy } = this.terms;
    const approval = await this.review.ask({ round, plan, manifest: sealed.manifestDigest, policy, startedBy }, withinMs);
    return approval.state === 'approved' ? null : refusedFor(approval);
  }

  /** What a person looks at, as Markdown; null where nothing is asked. */
  details(host: string | null): string | null {
    const { approval, sealed } = this;
    return approval === null || sealed === null ? null : releaseDetails(approval, sealed, host ?? '');
  }
}
