import { allHandlersFinished, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { BuildReport, CommitReport, CommitRequest, CollectionReport } from '../contract/publish-activities.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { Problem } from '../plan/problem.js';
import { CommitInDoubt, type Committed } from './commit-in-doubt.js';
import { collectOrReport, collectTarget, collectionNote } from './collection.js';
import { HostLease, type StepOptions } from './host-lease.js';
import { checkArtifactInput } from './inputs.js';
import { targetStatusQuery } from './messages.js';
import { Abandoned, lostBuilds, lostUploads, NeedsAttention } from './needs-attention.js';
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

/** The publish has to build again: it left its host, or the host lost the files. The same recipe gives the same bytes. */
type BuildAgain = 'build-again';

/**
 * Publishes one artifact, from its approved plan to a verified commit. The workflow id is the lock on the target: it is
 * unlocked when the workflow closes, for any reason.
 */
class ArtifactPublish {
  private readonly plan: ArtifactPlan;
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
    movable: () => ({ step: this.display.stage, lease: this.lease }),
    onPause: (problem) => this.onPause(problem),
    onResume: () => this.display.refresh(),
  });
  private readonly doubt = new CommitInDoubt(this.attention);
  private readonly display: TargetDisplay;

  constructor(private readonly input: ArtifactInput) {
    this.plan = input.approved.plan;
    const refresh = (): void => this.display.refresh();
    this.lease = new HostLease(this.plan, input.host, refresh);
    this.gate = input.release === undefined ? null : new ReleaseGate(input.release, refresh);
    this.display = new TargetDisplay(this.plan, () => ({
      problem: this.attention.problem,
      note: this.display.stage === 'awaiting-release' ? (this.gate?.details(this.lease.host) ?? null) : null,
      host: this.display.stage === 'verifying' ? null : this.lease.host,
      previousHost: this.lease.previousHost,
      ...(this.gate?.memo ?? { sealed: null, decisions: [] }),
    }));
    setHandler(targetStatusQuery, () => ({
      stage: this.attention.problem === null ? this.display.stage : 'needs-attention',
      target: this.plan.target.repo,
      host: this.lease.host,
      previousHost: this.lease.previousHost,
      release: this.gate?.approval ?? null,
      problem: this.attention.problem,
    }));
  }

  /** Publishes, or ends early after an abandon or a cancel. */
  async run(): Promise<ArtifactResult> {
    try {
      return await this.publish();
    } catch (error) {
      if (!(error instanceof Abandoned) && !isCancellation(error)) throw error;
      return await CancellationScope.nonCancellable(() => this.endEarly(error));
    } finally {
      await this.lease.close();
      await this.notifications.drain();
    }
  }

  private async publish(): Promise<ArtifactResult> {
    const { plan } = this;
    this.display.enter(plan.action === 'collection-only' ? 'collecting' : 'building');
    const checked = await this.attention.attempt('checking the target', () => on('control').checkPreconditions(plan));
    if (checked.state === 'stale') return this.stale(checked.reason);
    if (checked.state === 'unchanged') return this.unchanged(`commit ${checked.commit} already holds the same payload`);
    if (plan.action === 'collection-only') return this.collectOnly();
    for (;;) {
      const made = (await this.doubt.find()) ?? (await this.makeCommit());
      if (made === 'build-again') continue;
      if (made.outcome !== 'committed') return made;
      // The commit is on the Hub: a cancel comes too late from here on, and only verification and collection are missing.
      const result = await CancellationScope.nonCancellable(() => this.verifyAndCollect(made));
      if (result !== 'build-again') return result;
    }
  }

  /** Builds the files, waits for their release if that is required, uploads them, and makes the commit. */
  private async makeCommit(): Promise<Committed | ArtifactResult | BuildAgain> {
    const { approved } = this.input;
    const target = this.plan.target.repo;
    this.display.enter('building');
    const built = await this.onHost('building', (host) =>
      onHost(host).buildArtifact.executeWithOptions({ summary: `build ${target}` }, [approved]),
    );
    if (built === 'moved') return 'build-again';
    this.gate?.setSealed(built);
    const refused = await this.awaitRelease(built);
    if (refused !== null) return refused;
    const { manifestDigest } = built;
    const released: ApprovedArtifact = { ...approved, ...(this.gate === null ? {} : { release: this.gate.approvals }) };
    for (let round = 1; ; round += 1) {
      this.display.enter('uploading');
      this.hasUploadBegun = true;
      const uploaded = await this.onHost('uploading', (host) =>
        onHost(host).uploadArtifact.executeWithOptions({ summary: `upload to ${target}` }, [{ approved: released, manifestDigest }]),
      );
      if (uploaded === 'moved') return 'build-again';
      if (uploaded.outcome === 'scratch-lost') return this.buildAgain(uploaded.reason);
      if (uploaded.outcome === 'stale') return (await this.doubt.find()) ?? this.stale(uploaded.reason);
      this.hasUnseenBytes = (uploaded.unseenBytes ?? 0) > 0;
      const report = await this.commit({ approved: released, manifestDigest, parent: uploaded.parent });
      if (report === 'moved') return 'build-again';
      if (report.outcome === 'committed') return report;
      if (report.outcome === 'scratch-lost') return this.buildAgain(report.reason);
      if (report.outcome === 'stale') return (await this.doubt.find()) ?? this.stale(report.reason);
      if (round % UPLOAD_ROUNDS === 0 && (await this.attention.pauseForOperator(lostUploads(report.reason))) === 'move')
        return 'build-again';
    }
  }

  /** Waits for the release of the sealed files, if the publish needs one. Nothing is uploaded before it. Returns null once released. */
  private async awaitRelease(built: BuildReport): Promise<ArtifactResult | null> {
    const { gate } = this;
    if (gate === null || gate.isOpen) return null;
    const { entryName: entry, decision } = this.input.approved;
    const target = this.plan.target.repo;
    await this.lease.free('slot');
    this.display.enter('awaiting-release');
    this.notifications.send({ event: 'awaiting-release', entry, target, manifest: built.manifestDigest });
    const refused = await gate.wait(decision);
    if (refused === null) return null;
    await this.lease.free('everything');
    this.display.enter(refused.outcome);
    return { ...refused, target };
  }

  private commit(request: CommitRequest): Promise<CommitReport | 'moved'> {
    const summary = `commit to ${this.plan.target.repo}`;
    this.display.enter('committing');
    return this.onHost(
      'committing',
      (host) => this.doubt.track(request, () => onHost(host).commitArtifact.executeWithOptions({ summary }, [request])),
      { cancelAfterMs: GRACE_MS, isFinal: ({ outcome }) => outcome === 'committed' || outcome === 'stale' },
    );
  }

  /** @param tooLate the request that arrived after the commit was made */
  private async verifyAndCollect(made: Committed, tooLate: 'abandon' | 'cancel' | null = null): Promise<ArtifactResult | BuildAgain> {
    const { plan, doubt, attention } = this;
    const { decision, entryName } = this.input.approved;
    const target = plan.target.repo;
    const onCommit = (committed: Committed | null): void => {
      this.committed = committed;
      this.display.enter(committed === null ? 'committing' : 'verifying');
    };
    const verified = await verifyCommit(made, { target, full: this.hasUnseenBytes, doubt, attention, onCommit });
    if (verified === 'missing') return 'build-again';
    const { commit, manifestDigest: manifest } = verified.committed;
    this.notifications.send({ event: 'published', entry: entryName, target, commit });
    const collection = await this.collectIfPlanned();
    await this.lease.free('everything');
    this.display.enter('published', collection === null ? null : collectionNote(collection));
    return {
      outcome: 'published',
      receipt: {
        target,
        commit,
        plan: decision.plan,
        manifest,
        reviewer: decision.reviewer,
        verifiedFiles: verified.report.files,
        readBack: verified.report.readBack,
        ...(collection === null ? {} : { collection }),
        cameTooLate: tooLate ?? (this.root.consideredCancelled ? 'cancel' : null),
      },
    };
  }

  private async collectIfPlanned(): Promise<CollectionReport | null> {
    if (this.plan.collection === undefined) return null;
    this.display.enter('collecting');
    return collectOrReport(this.lease, this.input.approved);
  }

  /** Adds the target to its collection, which is all that is missing. Nothing is built, and no commit is made. */
  private async collectOnly(): Promise<ArtifactResult> {
    const target = this.plan.target.repo;
    const { approved } = this.input;
    for (;;) {
      this.display.enter('collecting');
      const report = await this.onHost('collecting', (host) => collectTarget(host, approved), { cancelAfterMs: GRACE_MS });
      if (report === 'moved') continue;
      if (report.outcome === 'failed') {
        const { code, kind, reason, hint } = report;
        await this.attention.pauseForOperator({ step: 'collecting', code, kind, reason, hint });
        continue;
      }
      await this.lease.free('everything');
      const { outcome, collection } = report;
      this.display.enter(outcome === 'added' ? 'collected' : 'unchanged', collectionNote(report));
      if (outcome === 'unchanged') return { outcome: 'unchanged', target, reason: `collection ${collection} already holds it` };
      return { outcome: 'collected', target, collection, plan: approved.decision.plan, reviewer: approved.decision.reviewer };
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
        const result = await this.verifyAndCollect(remains, thrown instanceof Abandoned ? 'abandon' : 'cancel');
        if (result !== 'build-again') return result;
      } catch (error) {
        if (!(error instanceof Abandoned)) throw error;
        end = error;
      }
      remains = unverifiedCommit(target, remains);
    }
    await this.lease.free('everything');
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

  /** Runs a heavy step with a build slot held on this artifact's host. */
  private onHost<T>(step: Stage, run: (host: string) => Promise<T>, options?: StepOptions<T>): Promise<T | 'moved'> {
    return this.attention.attemptOnHost(step, () => this.lease.run(run, options));
  }

  /** Pauses if hosts repeatedly lost the built files. */
  private async buildAgain(reason: string): Promise<BuildAgain> {
    this.lostBuildCount += 1;
    if (this.lostBuildCount % BUILD_ROUNDS === 0)
      await this.attention.pauseForOperator(lostBuilds(this.display.stage, reason, this.lostBuildCount));
    return 'build-again';
  }

  private async stale(reason: string): Promise<ArtifactResult> {
    await this.lease.free('slot');
    return { outcome: 'stale', target: this.plan.target.repo, reason, host: this.lease.host, releases: this.gate?.decisions ?? [] };
  }

  private unchanged(reason: string): ArtifactResult {
    this.display.enter('unchanged');
    return { outcome: 'unchanged', target: this.plan.target.repo, reason };
  }

  private async onPause(problem: Problem): Promise<void> {
    this.display.refresh();
    this.notifications.sendPaused(this.input.approved.entryName, problem);
    if (this.lease.holdsSlot) await this.lease.free('slot');
  }
}

export const publishArtifact = async (input: ArtifactInput): Promise<ArtifactResult> => {
  const result = await new ArtifactPublish(checkArtifactInput(input)).run();
  // The result is known: a later cancel must not replace it.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return result;
};
