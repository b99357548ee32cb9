import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { PlannedRound } from '../contract/publish-activities.js';
import { artifactsOf, probeRequestOf } from '../catalog/artifacts.js';
import type { ArtifactKind } from '../core/ids.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import type { Approval } from '../plan/approval.js';
import type { DecisionRecord } from '../plan/decision.js';
import type { Problem } from '../plan/problem.js';
import type { ApprovalTerms } from '../plan/reviewer.js';
import { isCommit } from '../plan/work.js';
import { childFailure, runChild } from './children.js';
import { entryDetails } from './details.js';
import { EntryArtifacts } from './entry-artifacts.js';
import { collectionNotes } from './collection.js';
import { checkPublishInput } from './inputs.js';
import { MAX_DECISIONS, type PublishMemo } from '../contract/memo.js';
import { statusQuery } from './messages.js';
import { targetId } from '../contract/names.js';
import { Abandoned, NeedsAttention } from './needs-attention.js';
import { Notifications } from './notifications.js';
import { probe } from './probe-hosts.js';
import { admissionProblem, blockedReason, endNotes, failureText, rejectionText, totalOf } from './publish-report.js';
import { PublishedState } from './published-state.js';
import { Review } from './review.js';
import { RunningTargets } from './running-targets.js';
import { SwpPlan } from '../contract/search-attributes.js';
import type { Stage } from '../contract/stages.js';
import { on } from './activities.js';
import type { ArtifactReport, ArtifactResult, PublishInput, PublishResult } from '../contract/results.js';

/** Publishes one entry: plans it, waits for approval, runs a child for each artifact, and plans stale artifacts again. */
class EntryPublish {
  /** The stage of this workflow itself; null while only its targets run. */
  private ownStage: Stage | null = 'planning';
  private readonly state = new PublishedState<PublishMemo>('planning');
  private round = 0;
  /** The newest plan with its round: a later round may be planned now. */
  private planned: (PlannedRound & { readonly round: number }) | null = null;
  private readonly artifacts: EntryArtifacts;
  private readonly waitingFor = new Set<string>();
  private readonly review = new Review('plan', () => this.show());
  private readonly targets = new RunningTargets(() => this.show());
  private readonly notifications = new Notifications();
  private readonly attention = new NeedsAttention({
    onPause: (problem) => this.onPause(problem),
    onResume: () => this.enter('planning'),
  });

  constructor(private readonly input: PublishInput) {
    this.artifacts = new EntryArtifacts(input);
    setHandler(statusQuery, () => ({
      stage: this.stage,
      entry: input.entry.name,
      plan: this.planned?.digest ?? null,
      approval: this.review.approval,
      decisions: this.review.decisions,
      artifacts: this.artifacts.reports.map(({ kind, result }) => ({
        kind,
        target: this.artifacts.targetOf(kind),
        outcome: result.outcome,
      })),
      waitingFor: [...this.waitingFor],
      running: this.targets.all,
      problem: this.attention.problem,
    }));
  }

  /** Publishes, or ends early after an abandon or a cancel. */
  async run(): Promise<PublishResult> {
    try {
      return await this.publish();
    } catch (error) {
      if (!isCancellation(error) && !(error instanceof Abandoned)) throw error;
      const reason = error instanceof Abandoned ? error.message : 'cancelled';
      const result = await CancellationScope.nonCancellable(() => this.endEarly(reason));
      // A publish ends as cancelled only if the cancel certainly left no commit. Every other end returns a result.
      if (isCancellation(error) && result.outcome === 'abandoned' && result.artifacts.every(leavesNoCommit)) throw error;
      return result;
    } finally {
      await this.notifications.drain();
    }
  }

  private async publish(): Promise<PublishResult> {
    for (;;) {
      while (this.artifacts.open.length > 0) await this.nextRound();
      // An artifact is open again if its target moved meanwhile.
      await condition(() => this.artifacts.open.length > 0 || this.targets.isEmpty);
      if (this.artifacts.open.length === 0 && this.targets.isEmpty) return this.result();
    }
  }

  /** Plans the open artifacts, waits for the decision, and starts the approved artifacts. */
  private async nextRound(): Promise<void> {
    const planned = await this.plan();
    const blocked = planned.artifacts.filter((plan) => plan.action === 'blocked');
    if (blocked.length > 0) return this.artifacts.closePlanned(planned.artifacts, 'failed', blockedReason(blocked));
    this.artifacts.closeUnchanged(planned.artifacts);
    if (this.artifacts.open.length === 0) return;
    const blockers = planned.volatile.filter((check) => check.verdict === 'blocked');
    if (blockers.length > 0) {
      // Plan again after a retry: the new plan looks at these facts again.
      await this.attention.pauseForOperator(admissionProblem(blockers));
      return;
    }
    const approval = await this.decide(planned);
    const { decision } = approval;
    if (approval.state === 'expired') return this.artifacts.closePlanned(planned.artifacts, 'expired', 'no decision arrived in time');
    if (decision === null || decision.verdict !== 'approve')
      return this.artifacts.closePlanned(planned.artifacts, 'rejected', rejectionText(decision));
    this.startTargets(planned, decision, approval.approvals.slice(0, -1));
  }

  private async plan(): Promise<PlannedRound> {
    this.round += 1;
    this.enter('planning');
    const planned = await this.attention.attempt('planning', () => this.probeAndPlan());
    this.planned = { ...planned, round: this.round };
    upsertSearchAttributes([{ key: SwpPlan, value: planned.digest }]);
    this.artifacts.setPlans(planned.artifacts);
    return planned;
  }

  private async probeAndPlan(): Promise<PlannedRound> {
    const { entry, startedBy = null } = this.input;
    const only = this.artifacts.open;
    const host = await probe(probeRequestOf(artifactsOf(entry.entry, only)));
    const previous = this.artifacts.plansOf(only);
    const request = { entry, only, round: this.round, host, previous, startedBy };
    return on('control').planEntry.executeWithOptions({ summary: `plan ${entry.name}, round ${this.round}` }, [request]);
  }

  private async decide(planned: PlannedRound): Promise<Approval> {
    const { entry, campaign } = this.input;
    this.enter('awaiting-approval');
    // A campaign announces the first plans of all its publishes together. A later round needs a notification of its own.
    if (campaign === undefined || this.round > 1)
      this.notifications.send({ event: 'awaiting-approval', entry: entry.name, plan: planned.digest });
    return this.review.ask({ round: this.round, plan: planned.digest, ...this.termsOf(planned) }, planned.decideWithinMs);
  }

  /** Starts a child workflow for each open artifact of an approved plan. */
  private startTargets(planned: PlannedRound, decision: DecisionRecord, earlier: readonly DecisionRecord[]): void {
    const terms = this.termsOf(planned);
    for (const plan of planned.artifacts) {
      const host = this.artifacts.begin(plan.kind);
      if (host === undefined) continue;
      const needsRelease = this.input.reviewArtifacts === true && isCommit(plan);
      const approved = {
        entryName: this.input.entry.name,
        entryPlan: planned.entryPlan,
        plan,
        decision,
        terms,
        ...(earlier.length > 0 ? { earlier } : {}),
        ...(needsRelease ? { needsRelease } : {}),
      };
      const release = { withinMs: planned.decideWithinMs, ...terms };
      const input = { approved, host, ...(needsRelease ? { release } : {}) };
      this.targets.begin(plan.kind);
      void this.follow(
        plan,
        runChild(input, {
          onStart: (run) => this.onStart(plan.kind, run),
          onWait: (id, isWaiting) => this.onWait(id, isWaiting),
        }),
      );
    }
    this.enter(null);
  }

  /** Starts nothing more, and waits for the targets. A target whose commit was made still ends as published. */
  private async endEarly(reason: string): Promise<PublishResult> {
    this.artifacts.abandonOpen(`${reason}; no commit was sent`);
    await condition(() => this.targets.isEmpty);
    this.artifacts.abandonOpen(`${reason}; no commit was sent`);
    return this.result();
  }

  /** Records the end of a child. Never rejects. */
  private async follow(plan: ArtifactPlan, child: Promise<ArtifactResult>): Promise<void> {
    const target = plan.target.repo;
    try {
      const result = await child;
      if (result.outcome === 'stale') {
        this.artifacts.reopen(plan.kind, result);
      } else {
        this.artifacts.close(plan.kind, result);
      }
    } catch (error) {
      if (isCancellation(error)) this.artifacts.close(plan.kind, { outcome: 'abandoned', target, commit: 'none', reason: 'cancelled' });
      else this.artifacts.close(plan.kind, { outcome: 'failed', target, reason: childFailure(error) });
    } finally {
      this.targets.end(plan.kind);
      this.show();
    }
  }

  private onStart(kind: ArtifactKind, run: string): void {
    this.artifacts.setRun(kind, run);
    this.show();
  }

  private onWait(id: string, isWaiting: boolean): void {
    if (isWaiting) this.waitingFor.add(id);
    else this.waitingFor.delete(id);
    this.show();
  }

  private result(): PublishResult {
    const artifacts = this.artifacts.reports;
    const outcome = totalOf(artifacts);
    this.enter(outcome);
    return { outcome, artifacts, rounds: this.round, plan: this.planned?.digest ?? null };
  }

  private termsOf({ approvals }: PlannedRound): ApprovalTerms {
    return { policy: approvals, startedBy: this.input.startedBy ?? null };
  }

  private onPause(problem: Problem): void {
    this.enter('needs-attention');
    this.notifications.sendPaused(this.input.entry.name, problem);
  }

  private enter(stage: Stage | null): void {
    this.ownStage = stage;
    this.show();
  }

  /**
   * The shown stage. The stage of this workflow itself comes first, because only this workflow can take the decision then. While
   * it plans, the stage of its targets comes first if one is paused.
   */
  private get stage(): Stage {
    const { ownStage, targets } = this;
    if (ownStage !== null && (ownStage !== 'planning' || targets.paused.length === 0)) return ownStage;
    return targets.stage ?? this.state.stage;
  }

  private show(): void {
    const { stage, planned, artifacts } = this;
    const { reports } = artifacts;
    const plan = planned === null ? null : { digest: planned.digest, round: planned.round };
    const decisions = [...this.review.decisions, ...artifacts.earlierReleases].slice(-MAX_DECISIONS);
    this.state.write(stage, { plan, decisions, artifacts: artifacts.states });
    const paused = this.targets.paused.map(({ kind, problem }) => ({ workflow: targetId(artifacts.targetOf(kind)), problem }));
    setCurrentDetails(
      entryDetails(stage, {
        plan: planned?.markdown ?? null,
        approval: this.review.approval,
        problem: this.attention.problem,
        paused,
        waitingFor: [...this.waitingFor],
        notes: [...endNotes(reports), ...collectionNotes(reports)],
      }),
    );
  }
}

const leavesNoCommit = ({ result }: ArtifactReport): boolean =>
  result.outcome === 'abandoned' ? result.commit === 'none' : ['rejected', 'expired', 'unchanged'].includes(result.outcome);

/** Publishes one entry of the catalog. Nothing is written to the Hub before a person has approved exactly its plan. */
export const publishEntry = async (input: PublishInput): Promise<PublishResult> => {
  const result = await new EntryPublish(checkPublishInput(input)).run();
  // The result is known: a later cancel must not replace it.
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (result.outcome === 'failed')
    throw ApplicationFailure.create({ type: 'publish/failed', nonRetryable: true, message: failureText(result), details: [result] });
  return result;
};
