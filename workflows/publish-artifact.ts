import { allHandlersFinished, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { BuildReport, CommitReport, FilingReport } from '../contract/publish-activities.js';
import type { Digest } from '../core/ids.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { Problem } from '../plan/problem.js';
import { CommitInDoubt, type Committed } from './commit-in-doubt.js';
import { fileOrReport, fileTarget, filingNote } from './filing.js';
import { HostLease, type StepOptions } from './host-lease.js';
import { checkArtifactInput } from './inputs.js';
import { targetStatusQuery } from '../contract/messages.js';
import { Abandoned, CommitMissing, lostBuilds, Moved, NeedsAttention, ScratchLost } from './needs-attention.js';
import { Notifications } from './notifications.js';
import { ReleaseGate } from './release-gate.js';
import { nothingSent, unverifiedCommit, type Remains } from './remains.js';
import type { Stage } from '../contract/stages.js';
import { on, onHost } from './activities.js';
import { TargetDisplay } from './target-display.js';
import type { ArtifactInput, ArtifactResult } from '../contract/results.js';
import { verifyCommit } from './verify-commit.js';

/** Uploads of blobs that the Hub drops, before the publish pauses. */
const UPLOAD_ROUNDS = 3;
/** Builds that their host loses or changes, before the publish pauses. */
const BUILD_ROUNDS = 3;
/** Time for which a cancel waits for a commit request: the Hub answers one within a minute. */
const GRACE_MS = 60_000;

type Stale = Extract<ArtifactResult, { outcome: 'stale' }>;

/**
 * Publishes one artifact, from its approved plan to a verified commit. The workflow id is the lock on the target: it is
 * unlocked when the workflow closes, for any reason.
 */
class ArtifactPublish {
  private readonly lease: HostLease;
  private readonly gate: ReleaseGate | null;
  private readonly notifications = new Notifications();
  /** The commit under verification; null if there is none. */
  private committed: Committed | null = null;
  private hasUploadBegun = false;
  private lostBuildCount = 0;
  /** True if some published bytes did not pass through a host of ours. Verification then reads all bytes back. */
  private hasUnseenBytes = false;
  private readonly root = CancellationScope.current();
  private readonly attention = new NeedsAttention({
    canMove: () => this.lease.host !== null && this.display.stage !== 'verifying',
    onHost: () => ({ step: this.display.stage, lease: this.lease }),
    onPause: (problem) => this.onPause(problem),
    onResume: () => this.display.refresh(),
  });
  private readonly doubt = new CommitInDoubt(this.attention);
  private readonly display: TargetDisplay;

  constructor(private readonly input: ArtifactInput) {
    const refresh = (): void => this.display.refresh();
    this.lease = new HostLease(input.approved.plan, input.host, refresh);
    this.gate = input.release === undefined ? null : new ReleaseGate(input.release, refresh);
    this.display = new TargetDisplay(input.approved.plan, () => ({
      problem: this.attention.problem,
      note: this.display.stage === 'awaiting-release' ? (this.gate?.details(this.lease.host) ?? null) : null,
      host: this.display.stage === 'verifying' ? null : this.lease.host,
      left: this.lease.leftHost,
    }));
    setHandler(targetStatusQuery, () => ({
      stage: this.attention.problem === null ? this.display.stage : 'needs-attention',
      target: this.plan.target.repo,
      host: this.lease.host,
      left: this.lease.leftHost,
      release: this.gate?.approval ?? null,
      problem: this.attention.problem,
    }));
  }

  private get plan() {
    return this.input.approved.plan;
  }

  async run(): Promise<ArtifactResult> {
    try {
      this.display.enter(this.plan.action === 'collection-only' ? 'filing' : 'building');
      return await this.publish();
    } catch (error) {
      if (!(error instanceof Abandoned) && !isCancellation(error)) throw error;
      return await CancellationScope.nonCancellable(() => this.endEarly(error));
    } finally {
      await this.lease.close();
      await this.notifications.drain();
    }
  }

  /**
   * Ends the workflow after an abandon or a cancel. If the commit was made nevertheless, the end comes too late, and the commit
   * is verified. A cancel that leaves no commit ends the workflow as cancelled. Every other end returns a result that states
   * what remains.
   */
  private async endEarly(thrown: unknown): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const { stage } = this.display;
    let end = thrown;
    let remains = await this.settleRemains();
    if ('outcome' in remains) {
      try {
        return await this.verify(remains, thrown instanceof Abandoned ? 'abandon' : 'cancel');
      } catch (error) {
        if (!(error instanceof Abandoned) && !(error instanceof CommitMissing)) throw error;
        if (error instanceof Abandoned) end = error;
        remains = unverifiedCommit(target, remains);
      }
    }
    await this.lease.release('everything');
    this.display.enter('abandoned', remains.text);
    if (!(end instanceof Abandoned) && remains.commit === 'none') throw end;
    const reason = `${end instanceof Abandoned ? end.message : `cancelled at ${stage}`}. ${remains.text}`;
    return { outcome: 'abandoned', target, commit: remains.commit, reason };
  }

  /** Returns the commit if it was made, else the state that the publish leaves. */
  private async settleRemains(): Promise<Committed | Remains> {
    if (this.committed !== null) return unverifiedCommit(this.plan.target.repo, this.committed);
    return (await this.doubt.settleAtEnd()) ?? nothingSent(this.plan, this.hasUploadBegun);
  }

  private async publish(): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const preconditions = await this.attention.attempt('checking the target', () => on('control').checkPreconditions(this.plan));
    if (preconditions.state === 'moved') return this.stale(preconditions.reason);
    if (preconditions.state === 'unchanged') {
      this.display.enter('unchanged');
      return { outcome: 'unchanged', target, reason: `commit ${preconditions.commit} already holds the same payload` };
    }
    for (;;) {
      try {
        return this.plan.action === 'collection-only' ? await this.fileOnly() : await this.buildAndCommit();
      } catch (error) {
        if (error instanceof ScratchLost || error instanceof CommitMissing) continue;
        if (!(error instanceof Moved)) throw error;
        this.lease.leave();
      }
    }
  }

  private async buildAndCommit(): Promise<ArtifactResult> {
    const earlier = await this.doubt.find();
    if (earlier !== null) return this.verifyCommitted(earlier);
    this.display.enter('building');
    const built = await this.onHost('building', (host) =>
      onHost(host).buildArtifact.executeWithOptions({ summary: `build ${this.plan.target.repo}` }, [this.input.approved]),
    );
    const refused = await this.awaitRelease(built);
    if (refused !== null) return refused;
    const report = await this.uploadAndCommit(built.manifestDigest);
    if (report.outcome === 'committed') return this.verifyCommitted(report);
    const found = await this.doubt.find();
    return found === null ? this.stale(report.reason) : this.verifyCommitted(found);
  }

  private verifyCommitted(committed: Committed): Promise<ArtifactResult> {
    // The commit is on the Hub: a cancel comes too late from here on, and only the verification is missing.
    return CancellationScope.nonCancellable(() => this.verify(committed));
  }

  /** Waits for the release of the sealed files, if the publish needs one. Nothing is uploaded before it. Returns null once released. */
  private async awaitRelease(built: BuildReport): Promise<ArtifactResult | null> {
    const { gate } = this;
    if (gate === null || gate.isOpenFor(built)) return null;
    const entry = this.input.approved.entryName;
    await this.lease.release('slot');
    this.display.enter('awaiting-release');
    this.notifications.send({ what: 'awaiting-release', entry, target: this.plan.target.repo, manifest: built.manifestDigest });
    const refused = await gate.wait(built, this.input.approved.decision);
    if (refused === null) return null;
    await this.lease.release('everything');
    this.display.enter(refused.outcome);
    return { ...refused, target: this.plan.target.repo };
  }

  private async uploadAndCommit(manifestDigest: Digest): Promise<Committed | { readonly outcome: 'stale'; readonly reason: string }> {
    const approved: ApprovedArtifact = { ...this.input.approved, ...(this.gate === null ? {} : { release: this.gate.approvals }) };
    const target = this.plan.target.repo;
    for (let round = 1; ; round += 1) {
      this.display.enter('uploading');
      this.hasUploadBegun = true;
      const uploaded = await this.onHost('uploading', (host) =>
        onHost(host).uploadArtifact.executeWithOptions({ summary: `upload to ${target}` }, [{ approved, manifestDigest }]),
      );
      if (uploaded.outcome === 'stale') return uploaded;
      if (uploaded.outcome === 'scratch-lost') throw await this.recordLostBuild(uploaded.reason);
      this.hasUnseenBytes = (uploaded.unseenBytes ?? 0) > 0;
      this.display.enter('committing');
      const request = { approved, manifestDigest, parent: uploaded.parent };
      const commit = (host: string): Promise<CommitReport> =>
        onHost(host).commitArtifact.executeWithOptions({ summary: `commit to ${target}` }, [request]);
      const report = await this.onHost('committing', (host) => this.doubt.track(request, () => commit(host)), {
        cancelAfterMs: GRACE_MS,
        isFinal: ({ outcome }) => outcome === 'committed' || outcome === 'stale',
      });
      if (report.outcome === 'committed' || report.outcome === 'stale') return report;
      if (report.outcome === 'scratch-lost') throw await this.recordLostBuild(report.reason);
      if (round % UPLOAD_ROUNDS === 0) {
        await this.attention.pauseForOperator({
          step: 'committing',
          code: 'hub/lfs-missing',
          kind: 'unavailable',
          reason: report.reason,
          hint: 'The Hub repeatedly lost uploaded files. Wait a while, then retry.',
        });
      }
    }
  }

  private async recordLostBuild(reason: string): Promise<ScratchLost> {
    this.lostBuildCount += 1;
    if (this.lostBuildCount % BUILD_ROUNDS === 0)
      await this.attention.pauseForOperator(lostBuilds(this.display.stage, reason, this.lostBuildCount));
    return new ScratchLost(reason);
  }

  /** @param tooLate the request that arrived after the commit was made */
  private async verify(found: Committed, tooLate: 'abandon' | 'cancel' | null = null): Promise<ArtifactResult> {
    const { plan, doubt, attention } = this;
    const { decision, entryName } = this.input.approved;
    const target = plan.target.repo;
    const onCommit = (committed: Committed | null): void => {
      this.committed = committed;
      this.display.enter(committed === null ? 'committing' : 'verifying');
    };
    const { committed, report } = await verifyCommit(found, { target, full: this.hasUnseenBytes, doubt, attention, onCommit });
    const { commit, manifestDigest: manifest } = committed;
    this.notifications.send({ what: 'published', entry: entryName, target, commit });
    const filing = await this.fileIfPlanned();
    await this.lease.release('everything');
    this.display.enter('published', filing === null ? null : filingNote(filing));
    return {
      outcome: 'published',
      receipt: {
        target,
        commit,
        plan: decision.plan,
        manifest,
        reviewer: decision.reviewer,
        verifiedFiles: report.files,
        readBack: report.readBack,
        ...(filing === null ? {} : { collection: filing }),
        cameTooLate: tooLate ?? (this.root.consideredCancelled ? 'cancel' : null),
      },
    };
  }

  private async fileIfPlanned(): Promise<FilingReport | null> {
    const { approved } = this.input;
    if (this.plan.collection === undefined) return null;
    this.display.enter('filing');
    return fileOrReport(this.lease, approved);
  }

  /** Adds the target to its collection, which is all that is missing. Nothing is built, and no commit is made. */
  private async fileOnly(): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const { approved } = this.input;
    for (;;) {
      this.display.enter('filing');
      const filing = await this.onHost('filing', (host) => fileTarget(host, approved), { cancelAfterMs: GRACE_MS });
      if (filing.outcome === 'failed') {
        const { code, kind, reason, hint } = filing;
        await this.attention.pauseForOperator({ step: 'filing', code, kind, reason, hint });
        continue;
      }
      await this.lease.release('everything');
      const { outcome, collection } = filing;
      this.display.enter(outcome === 'filed' ? 'filed' : 'unchanged', filingNote(filing));
      if (outcome === 'already') return { outcome: 'unchanged', target, reason: `collection ${collection} already holds it` };
      return { outcome: 'filed', target, collection, plan: approved.decision.plan, reviewer: approved.decision.reviewer };
    }
  }

  /** Runs a heavy step with a build slot held on this artifact's host. */
  private onHost<T>(step: Stage, run: (host: string) => Promise<T>, options?: StepOptions<T>): Promise<T> {
    return this.attention.attempt(step, () => this.lease.run(run, options));
  }

  private async stale(reason: string): Promise<Stale> {
    await this.lease.release('slot');
    return { outcome: 'stale', target: this.plan.target.repo, reason, host: this.lease.host };
  }

  private async onPause(problem: Problem): Promise<void> {
    this.display.refresh();
    this.notifications.sendPaused(this.input.approved.entryName, problem);
    if (this.lease.holdsSlot) await this.lease.release('slot');
  }
}

export const publishArtifact = async (input: ArtifactInput): Promise<ArtifactResult> => {
  const result = await new ArtifactPublish(checkArtifactInput(input)).run();
  // The result is known: a later cancel must not replace it.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return result;
};
