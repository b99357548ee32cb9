import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { BuildReport, FilingReport } from '../activities/api.js';
import type { CommitSha, Digest } from '../core/ids.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import { targetDetails, whatIsLeft } from './details.js';
import { fileOrReport, fileTarget, filingNote } from './filing.js';
import { targetStatusQuery, type Trouble } from './messages.js';
import { notices, tellParked } from './notices.js';
import { Abandoned, Moved, Parking, ScratchLost } from './parking.js';
import { ReleaseGate } from './release-gate.js';
import { SwpStage } from './search-attributes.js';
import { leavesAtOnce, Seat, type StepOptions } from './seat.js';
import { SentCommit, type Committed } from './sent-commit.js';
import type { Stage } from './stages.js';
import { control, onHost } from './steps.js';
import type { ArtifactInput, ArtifactResult } from './types.js';

/** How often blobs that the Hub dropped are sent again before a person is asked. */
const UPLOAD_ROUNDS = 3;

type Stale = Extract<ArtifactResult, { outcome: 'stale' }>;

/**
 * One artifact from its approved plan to a verified commit. Its workflow id is the lock on the target:
 * whatever closes it releases the lock.
 */
class ArtifactPublish {
  private stage: Stage = 'building';
  private readonly seat: Seat;
  private committed: CommitSha | null = null;
  private readonly gate: ReleaseGate | null;
  /** Some of what is published did not pass through a host of ours. */
  private unseen = false;
  private readonly root = CancellationScope.current();
  private readonly parking = new Parking({
    canMove: () => this.seat.host !== null && this.stage !== 'verifying',
    onHost: () => ({ step: this.stage, seat: this.seat }),
    onPark: (trouble) => this.onPark(trouble),
    onResume: () => this.enter(this.stage),
  });

  private readonly sent = new SentCommit(this.parking);

  constructor(private readonly input: ArtifactInput) {
    this.seat = new Seat(input.approved.plan, input.host, () => this.show());
    this.gate = input.release === undefined ? null : new ReleaseGate(input.release, () => this.show());
    setHandler(targetStatusQuery, () => ({
      stage: this.parking.trouble === null ? this.stage : 'needs-attention',
      target: this.plan.target.repo,
      host: this.seat.host,
      left: this.seat.leftHost,
      ...(this.gate === null ? {} : { release: this.gate.approval }),
      trouble: this.parking.trouble,
    }));
  }

  private get plan() {
    return this.input.approved.plan;
  }

  async run(): Promise<ArtifactResult> {
    try {
      this.enter(this.plan.action === 'collection-only' ? 'filing' : 'building');
      return await this.publishUnlessCancelled();
    } catch (error) {
      if (error instanceof Abandoned || isCancellation(error)) {
        const left = whatIsLeft(this.committed ?? (await this.sent.findAtEnd())?.commit ?? null, this.sent.unknown);
        await this.seat.release('everything');
        this.enter('abandoned', left);
        if (error instanceof Abandoned) return { outcome: 'abandoned', target: this.plan.target.repo, reason: `${error.message}. ${left}` };
      }
      throw error;
    } finally {
      await this.seat.close();
    }
  }

  /** A cancel that comes when a host that was left has committed comes too late, as everywhere after a commit. */
  private async publishUnlessCancelled(): Promise<ArtifactResult> {
    try {
      return await this.publish();
    } catch (error) {
      const found = isCancellation(error) ? await this.sent.findAtEnd() : null;
      if (found === null || this.sent.manifestDigest === null) throw error;
      return this.verifyCommitted(this.sent.manifestDigest, found);
    }
  }

  private async publish(): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const now = await this.parking.attempt('checking the target', () => control().checkPreconditions(this.plan));
    if (now.state === 'moved') return this.stale(now.reason);
    if (now.state === 'unchanged') {
      this.enter('unchanged');
      return { outcome: 'unchanged', target, reason: `commit ${now.commit} already holds the same payload` };
    }
    for (;;) {
      try {
        return this.plan.action === 'collection-only' ? await this.fileOnly() : await this.buildAndCommit();
      } catch (error) {
        if (error instanceof ScratchLost) continue;
        if (!(error instanceof Moved)) throw error;
        await this.leaveHost();
      }
    }
  }

  private async leaveHost(): Promise<void> {
    if (!leavesAtOnce()) return this.seat.releaseAndLeave();
    if (this.stage === 'committing') this.sent.loseSight();
    this.seat.leave();
  }

  private async buildAndCommit(): Promise<ArtifactResult> {
    const before = await this.findSent();
    if (before !== null) return before;
    this.enter('building');
    const built = await this.onHost('building', (host) =>
      onHost(host).buildArtifact.executeWithOptions({ summary: `build ${this.plan.target.repo}` }, [this.input.approved]),
    );
    const { manifestDigest } = built;
    const ended = await this.awaitRelease(built);
    if (ended !== null) return ended;
    const committed = await this.uploadAndCommit(manifestDigest);
    if (committed.outcome === 'stale') return (await this.findSent()) ?? this.stale(committed.reason);
    return this.verifyCommitted(manifestDigest, committed);
  }

  /** What a host that was left has committed, verified; null where it has not. */
  private async findSent(): Promise<ArtifactResult | null> {
    const found = await this.sent.find();
    const { manifestDigest } = this.sent;
    return found === null || manifestDigest === null ? null : this.verifyCommitted(manifestDigest, found);
  }

  private verifyCommitted(manifestDigest: Digest, committed: Committed): Promise<ArtifactResult> {
    // The commit is on the Hub: from here a cancel comes too late, and only the truth about it is missing.
    return CancellationScope.nonCancellable(() => this.verify(manifestDigest, committed));
  }

  /** Nothing is uploaded before what was sealed is released, where that was asked for. */
  private async awaitRelease(built: BuildReport): Promise<ArtifactResult | null> {
    const { gate } = this;
    if (gate === null || gate.isOpenFor(built)) return null;
    const entry = this.input.approved.entryName;
    await this.seat.release('slot');
    this.enter('awaiting-release');
    notices.notice({ what: 'awaiting-release', entry, target: this.plan.target.repo, manifest: built.manifestDigest });
    const refused = await gate.wait(built, this.input.approved.decision);
    if (refused === null) return null;
    await this.seat.release('everything');
    this.enter(refused.outcome);
    return { ...refused, target: this.plan.target.repo };
  }

  private async uploadAndCommit(manifestDigest: Digest): Promise<Committed | { readonly outcome: 'stale'; readonly reason: string }> {
    const approved: ApprovedArtifact = { ...this.input.approved, ...(this.gate === null ? {} : { release: this.gate.approvals }) };
    for (let round = 1; ; round += 1) {
      this.enter('uploading');
      const uploaded = await this.onHost('uploading', (host) =>
        onHost(host).uploadArtifact.executeWithOptions({ summary: `upload to ${this.plan.target.repo}` }, [{ approved, manifestDigest }]),
      );
      if (uploaded.outcome === 'stale') return uploaded;
      if (uploaded.outcome === 'scratch-lost') throw new ScratchLost(uploaded.reason);
      this.unseen = (uploaded.unseenBytes ?? 0) > 0;
      this.enter('committing');
      const request = { approved, manifestDigest, parent: uploaded.parent };
      this.sent.note(request);
      const report = await this.onHost(
        'committing',
        (host) => onHost(host).commitArtifact.executeWithOptions({ summary: `commit to ${this.plan.target.repo}` }, [request]),
        { shielded: true, isFinal: ({ outcome }) => outcome === 'committed' || outcome === 'stale' },
      );
      if (report.outcome === 'committed' || report.outcome === 'stale') return report;
      if (report.outcome === 'scratch-lost') throw new ScratchLost(report.reason);
      if (round % UPLOAD_ROUNDS === 0) {
        await this.parking.park({
          step: 'committing',
          code: 'hub/lfs-missing',
          reason: report.reason,
          hint: 'The Hub keeps losing what was uploaded. Wait a while, then retry.',
        });
      }
    }
  }

  private async verify(manifestDigest: Digest, committed: Committed): Promise<ArtifactResult> {
    const { plan } = this;
    const { decision } = this.input.approved;
    this.committed = committed.commit;
    this.enter('verifying');
    const report = await this.parking.attempt('verifying', () =>
      control().verifyArtifact.executeWithOptions({ summary: `verify ${plan.target.repo} at ${committed.commit.slice(0, 12)}` }, [
        {
          target: plan.target.repo,
          commit: committed.commit,
          manifestDigest,
          provenanceDigest: committed.provenanceDigest,
          full: this.unseen,
        },
      ]),
    );
    const filing = await this.fileIfPlanned();
    await this.seat.release('everything');
    this.enter('published', filing === null ? null : filingNote(filing));
    notices.notice({ what: 'published', entry: this.input.approved.entryName, target: plan.target.repo, commit: committed.commit });
    return {
      outcome: 'published',
      receipt: {
        target: plan.target.repo,
        commit: committed.commit,
        plan: decision.plan,
        manifest: manifestDigest,
        reviewer: decision.reviewer,
        verifiedFiles: report.files,
        readBack: report.readBack,
        ...(filing === null ? {} : { collection: filing }),
        cancelCameTooLate: this.root.consideredCancelled,
      },
    };
  }

  private async fileIfPlanned(): Promise<FilingReport | null> {
    const { approved } = this.input;
    if (this.plan.collection === undefined || !patched('collection')) return null;
    this.enter('filing');
    return fileOrReport(this.seat, approved);
  }

  /** Only the collection lacks the target: nothing is built, and no commit is made. */
  private async fileOnly(): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const { approved } = this.input;
    for (;;) {
      this.enter('filing');
      const filing = await this.onHost('filing', (host) => fileTarget(host, approved), { shielded: true });
      if (filing.outcome === 'failed') {
        const { code, reason, hint } = filing;
        await this.parking.park({ step: 'filing', code, reason, hint });
        continue;
      }
      await this.seat.release('everything');
      const { outcome, collection } = filing;
      this.enter(outcome === 'filed' ? 'filed' : 'unchanged', filingNote(filing));
      if (outcome === 'already') return { outcome: 'unchanged', target, reason: `collection ${collection} holds it meanwhile` };
      return { outcome: 'filed', target, collection, plan: approved.decision.plan, reviewer: approved.decision.reviewer };
    }
  }

  /** Runs a heavy step with a build slot held on this artifact's host. */
  private onHost<T>(step: Stage, run: (host: string) => Promise<T>, options?: StepOptions<T>): Promise<T> {
    return this.parking.attempt(step, () => this.seat.run(run, options));
  }

  private async stale(reason: string): Promise<Stale> {
    await this.seat.release('slot');
    return { outcome: 'stale', target: this.plan.target.repo, reason, host: this.seat.host };
  }

  private async onPark(trouble: Trouble): Promise<void> {
    upsertSearchAttributes([{ key: SwpStage, value: 'needs-attention' }]);
    this.show();
    tellParked(this.input.approved.entryName, trouble);
    if (this.seat.holdsSlot) await this.seat.release('slot');
  }

  private enter(stage: Stage, note: string | null = null): void {
    this.stage = stage;
    upsertSearchAttributes([{ key: SwpStage, value: stage }]);
    this.show(note);
  }

  private show(note: string | null = null): void {
    const asked = this.stage === 'awaiting-release' ? (this.gate?.details(this.seat.host) ?? null) : null;
    const { trouble } = this.parking;
    const host = this.stage === 'verifying' ? null : this.seat.host;
    const stage = trouble === null ? this.stage : 'needs-attention';
    const parts = { trouble, note: asked ?? note, host, left: this.seat.leftHost };
    setCurrentDetails(targetDetails(stage, this.plan.target.repo, parts));
  }
}

export const publishArtifact = async (input: ArtifactInput): Promise<ArtifactResult> => {
  const result = await new ArtifactPublish(input).run();
  // The result is known: a cancel that came meanwhile must not take its place.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return result;
};
