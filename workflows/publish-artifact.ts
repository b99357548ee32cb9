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
import { control, onHost } from './activity-proxies.js';
import { TargetDisplay } from './target-display.js';
import type { ArtifactInput, ArtifactResult } from '../contract/results.js';
import { verifyCommit } from './verify-commit.js';

/** How often blobs that the Hub dropped are sent again before a person is asked. */
const UPLOAD_ROUNDS = 3;
/** How often a build that its host lost or changed is made again before a person is asked. */
const BUILD_ROUNDS = 3;
/** The Hub answers a commit request within a minute: a cancel waits so long for it. */
const GRACE_MS = 60_000;

type Stale = Extract<ArtifactResult, { outcome: 'stale' }>;

/**
 * One artifact from its approved plan to a verified commit. Its workflow id is the lock on the target:
 * whatever closes it releases the lock.
 */
class ArtifactPublish {
  private readonly lease: HostLease;
  private readonly gate: ReleaseGate | null;
  private readonly notifications = new Notifications();
  /** The commit that is verified. */
  private committed: Committed | null = null;
  private uploadBegan = false;
  private lostBuilds = 0;
  /** Some of what is published did not pass through a host of ours. */
  private unseen = false;
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
    const show = (): void => this.display.refresh();
    this.lease = new HostLease(input.approved.plan, input.host, show);
    this.gate = input.release === undefined ? null : new ReleaseGate(input.release, show);
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
   * An abandon or a cancel. It comes too late where the commit was made nevertheless. A cancel that leaves no commit ends
   * the workflow as cancelled; every other end is a result that says what is left.
   */
  private async endEarly(why: unknown): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const { stage } = this.display;
    let end = why;
    let left = await this.whatIsLeft();
    if ('outcome' in left) {
      try {
        return await this.verify(left, why instanceof Abandoned ? 'abandon' : 'cancel');
      } catch (error) {
        if (!(error instanceof Abandoned) && !(error instanceof CommitMissing)) throw error;
        if (error instanceof Abandoned) end = error;
        left = unverifiedCommit(target, left);
      }
    }
    await this.lease.release('everything');
    this.display.enter('abandoned', left.text);
    if (!(end instanceof Abandoned) && left.commit === 'none') throw end;
    const reason = `${end instanceof Abandoned ? end.message : `cancelled at ${stage}`}. ${left.text}`;
    return { outcome: 'abandoned', target, commit: left.commit, reason };
  }

  private async whatIsLeft(): Promise<Committed | Remains> {
    if (this.committed !== null) return unverifiedCommit(this.plan.target.repo, this.committed);
    return (await this.doubt.settleAtEnd()) ?? nothingSent(this.plan, this.uploadBegan);
  }

  private async publish(): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const now = await this.attention.attempt('checking the target', () => control().checkPreconditions(this.plan));
    if (now.state === 'moved') return this.stale(now.reason);
    if (now.state === 'unchanged') {
      this.display.enter('unchanged');
      return { outcome: 'unchanged', target, reason: `commit ${now.commit} already holds the same payload` };
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
    const before = await this.doubt.find();
    if (before !== null) return this.verifyCommitted(before);
    this.display.enter('building');
    const built = await this.onHost('building', (host) =>
      onHost(host).buildArtifact.executeWithOptions({ summary: `build ${this.plan.target.repo}` }, [this.input.approved]),
    );
    const ended = await this.awaitRelease(built);
    if (ended !== null) return ended;
    const done = await this.uploadAndCommit(built.manifestDigest);
    if (done.outcome === 'committed') return this.verifyCommitted(done);
    const found = await this.doubt.find();
    return found === null ? this.stale(done.reason) : this.verifyCommitted(found);
  }

  private verifyCommitted(committed: Committed): Promise<ArtifactResult> {
    // The commit is on the Hub: from here a cancel comes too late, and only the truth about it is missing.
    return CancellationScope.nonCancellable(() => this.verify(committed));
  }

  /** Nothing is uploaded before what was sealed is released, where that was asked for. */
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
      this.uploadBegan = true;
      const uploaded = await this.onHost('uploading', (host) =>
        onHost(host).uploadArtifact.executeWithOptions({ summary: `upload to ${target}` }, [{ approved, manifestDigest }]),
      );
      if (uploaded.outcome === 'stale') return uploaded;
      if (uploaded.outcome === 'scratch-lost') throw await this.lostBuild(uploaded.reason);
      this.unseen = (uploaded.unseenBytes ?? 0) > 0;
      this.display.enter('committing');
      const request = { approved, manifestDigest, parent: uploaded.parent };
      const commit = (host: string): Promise<CommitReport> =>
        onHost(host).commitArtifact.executeWithOptions({ summary: `commit to ${target}` }, [request]);
      const report = await this.onHost('committing', (host) => this.doubt.during(request, () => commit(host)), {
        cancelAfterMs: GRACE_MS,
        isFinal: ({ outcome }) => outcome === 'committed' || outcome === 'stale',
      });
      if (report.outcome === 'committed' || report.outcome === 'stale') return report;
      if (report.outcome === 'scratch-lost') throw await this.lostBuild(report.reason);
      if (round % UPLOAD_ROUNDS === 0) {
        await this.attention.pauseForOperator({
          step: 'committing',
          code: 'hub/lfs-missing',
          kind: 'unavailable',
          reason: report.reason,
          hint: 'The Hub keeps losing what was uploaded. Wait a while, then retry.',
        });
      }
    }
  }

  private async lostBuild(reason: string): Promise<ScratchLost> {
    this.lostBuilds += 1;
    if (this.lostBuilds % BUILD_ROUNDS === 0)
      await this.attention.pauseForOperator(lostBuilds(this.display.stage, reason, this.lostBuilds));
    return new ScratchLost(reason);
  }

  /** @param tooLate what came after the commit was made */
  private async verify(found: Committed, tooLate: 'abandon' | 'cancel' | null = null): Promise<ArtifactResult> {
    const { plan, doubt, attention } = this;
    const { decision, entryName } = this.input.approved;
    const target = plan.target.repo;
    const onCommit = (committed: Committed | null): void => {
      this.committed = committed;
      this.display.enter(committed === null ? 'committing' : 'verifying');
    };
    const { committed, report } = await verifyCommit(found, { target, full: this.unseen, doubt, attention, onCommit });
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

  /** Only the collection lacks the target: nothing is built, and no commit is made. */
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
      if (outcome === 'already') return { outcome: 'unchanged', target, reason: `collection ${collection} holds it meanwhile` };
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
  // The result is known: a cancel that came meanwhile must not take its place.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return result;
};
