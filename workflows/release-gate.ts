import type { BuildReport } from '../contract/publish-activities.js';
import type { Approval } from '../plan/approval.js';
import { reviewerText, type DecisionRecord } from '../plan/decision.js';
import { releaseDetails } from './details.js';
import { MAX_DECISIONS, type TargetMemo } from '../contract/memo.js';
import { Review } from './review.js';
import type { ReleaseTerms } from '../contract/results.js';

/** The end of a gate without a release. */
export interface Refused {
  readonly outcome: 'rejected' | 'expired';
  readonly reason: string;
}

const refusedOf = ({ state, decision }: Approval): Refused =>
  state === 'rejected' && decision !== null
    ? {
        outcome: 'rejected',
        reason: `${reviewerText(decision)} rejected the release${decision.note === undefined ? '' : `: ${decision.note}`}`,
      }
    : { outcome: 'expired', reason: 'the sealed files were not released in time' };

/** The second gate: the sealed files wait until a person has approved exactly their manifest. */
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

  /** The approvals of the release so far. */
  get approvals(): readonly DecisionRecord[] {
    return this.approval?.approvals ?? [];
  }

  /** All decisions about the release, of every build. */
  get decisions(): readonly DecisionRecord[] {
    return this.review.decisions;
  }

  /** The part of the memo about the release. */
  get memo(): Omit<TargetMemo, 'since'> {
    const { sealed } = this;
    const decisions = this.decisions.slice(-MAX_DECISIONS);
    if (sealed === null) return { sealed, decisions };
    const { manifestDigest: manifest, files, bytes, sealedIn = [] } = sealed;
    return { sealed: { manifest, files, bytes, sealedIn: [...sealedIn] }, decisions };
  }

  /** Sets the build that the question is about. */
  setSealed(sealed: BuildReport): void {
    this.sealed = sealed;
  }

  /** True if the same bytes were released before: a lost build that is made again has the same manifest. */
  get isOpen(): boolean {
    return this.approval?.state === 'approved' && this.approval.manifest === this.sealed?.manifestDigest;
  }

  /** Waits for the decision about the sealed files. Returns null if they are released. */
  async wait({ round, plan }: DecisionRecord): Promise<Refused | null> {
    const { withinMs, policy, startedBy } = this.terms;
    const manifest = this.sealed?.manifestDigest ?? null;
    const approval = await this.review.ask({ round, plan, manifest, policy, startedBy }, withinMs);
    return approval.state === 'approved' ? null : refusedOf(approval);
  }

  /** Describes the sealed files and their decision as Markdown; returns null before there is a question. */
  details(host: string | null): string | null {
    const { approval, sealed } = this;
    return approval === null || sealed === null ? null : releaseDetails(approval, sealed, host ?? '');
  }
}
