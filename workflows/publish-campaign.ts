import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CampaignPublish, DecidedPublish, FollowedPublish } from '../contract/campaign-activities.js';
import { chunkArray } from '../core/chunk-array.js';
import type { Digest } from '../core/ids.js';
import { plural, truncateList } from '../core/text.js';
import { parseCampaignDecision, unknownEntries, type CampaignDecision, type CampaignItem } from '../plan/campaign/campaign-decision.js';
import type { CampaignRow } from '../plan/campaign/campaign-row.js';
import { addRows, NO_TOTALS, type CampaignTotals } from '../plan/campaign/campaign-totals.js';
import { namesDigest, reviewerText, shortDigest } from '../plan/decision.js';
import { campaignMarkdown, firstRows } from '../plan/render/campaign-markdown.js';
import { decideCampaignUpdate, reviewCampaignSignal } from './messages.js';
import { checkCampaignInput } from './inputs.js';
import { problemOf } from './needs-attention.js';
import { Notifications } from './notifications.js';
import { probe } from './probe-hosts.js';
import { refusal } from './refusal.js';
import { on } from './activities.js';
import type { CampaignInput, CampaignResult } from '../contract/results.js';

/** Entries in one step that plans, starts or decides. */
const PLAN_BATCH = 50;
const START_BATCH = 20;
const DECIDE_BATCH = 50;
/** Longest interval between updates of the shown stages. */
const FOLLOW_MS = 3_600_000;
/** History events after which the campaign continues as new. */
const CONTINUE_AFTER = 1_500;
const MAX_NOTES = 20;
/** Maximum number of unpublished entries in a result. */
const MAX_UNPUBLISHED = 100;

const SUCCESSFUL = new Set(['published', 'collected', 'unchanged']);

/**
 * Publishes many entries under one plan: starts a publish for each entry that changes, and forwards decisions to these
 * publishes. It is not a gate: each publish checks its own decision.
 */
class Campaign {
  readonly id = workflowInfo().workflowId.replace(/^campaign\//, '');
  private totals: CampaignTotals;
  /** The first rows in the order of review, as many as are shown. */
  private rows: readonly CampaignRow[] = [];
  private planned = 0;
  private readonly items: CampaignItem[];
  private digest: Digest | null;
  private readonly publishes: CampaignPublish[];
  private followed: readonly FollowedPublish[] = [];
  private readonly queue: CampaignDecision[] = [];
  private readonly notes: string[] = [];
  private acceptsDecisions = false;

  constructor(
    private readonly input: CampaignInput,
    private readonly notifications: Notifications,
  ) {
    const { resume } = input;
    this.totals = resume?.totals ?? NO_TOTALS;
    this.items = [...(resume?.items ?? [])];
    this.notes.push(...(resume?.notes ?? []));
    this.digest = resume?.digest ?? null;
    this.publishes = [...(resume?.publishes ?? [])];
    this.acceptsDecisions = resume !== undefined;
    setHandler(reviewCampaignSignal, (message) => this.handleSignal(message), {
      description:
        'Approve or reject the plans of this campaign: {"plan": "sha256:…", "verdict": "approve" | "reject", "reviewer": "name"}',
    });
    setHandler(decideCampaignUpdate, (message) => this.enqueue(message), {
      description: 'Like the signal review, with an answer. Add "entries": ["source/key"] to decide only about these entries.',
      validator: (message) => void this.parseDecision(message),
    });
  }

  async run(): Promise<CampaignResult> {
    if (this.input.resume === undefined) await this.planAndStart();
    this.show();
    await this.follow();
    await this.forwardDecisions();
    this.acceptsDecisions = false;
    this.show();
    return this.result();
  }

  private async planAndStart(): Promise<void> {
    const { select, only } = this.input;
    const selected = await on('control').selectEntries({ select, only });
    if (selected.mistakes > 0)
      this.note(
        `The catalog has ${plural(selected.mistakes, 'mistake')}. Entries with a mistake are left out. List them with swp catalog validate.`,
      );
    // Probe one host once, for all entries.
    const host = await probe({ sources: [], targets: [], ...(selected.larql ? { larql: true } : {}) });
    const changedOnly = 'which' in select && select.which === 'changed';
    for (const entries of chunkArray(selected.entries, PLAN_BATCH)) {
      const summary = `plan ${this.planned + entries.length} of ${selected.entries.length} entries`;
      const rows = await on('control').planCampaignBatch.executeWithOptions({ summary }, [{ entries, only, changedOnly, host }]);
      this.planned += rows.length;
      this.rows = firstRows([...this.rows, ...rows]);
      this.items.push(...rows.flatMap(({ entry, state, plan }) => (state === 'changes' && plan !== null ? [{ entry, plan }] : [])));
      this.totals = addRows(this.totals, rows);
      this.show();
    }
    if (this.items.length === 0) return;
    this.digest = await on('control').digestCampaign(this.items);
    this.acceptsDecisions = true;
    await this.start();
    this.notifications.send({ event: 'campaign', id: this.id, plan: this.digest, totals: this.totals });
  }

  private async start(): Promise<void> {
    const { only, startedBy } = this.input;
    for (const batch of chunkArray(this.items, START_BATCH)) {
      const entries = batch.map(({ entry }) => entry);
      const summary = `start ${this.publishes.length + entries.length} of ${this.items.length} publishes`;
      const started = await on('control').startPublishes.executeWithOptions({ summary }, [{ campaign: this.id, entries, only, startedBy }]);
      this.publishes.push(...started);
      const failed = started.filter(({ run }) => run === null);
      if (failed.length > 0) this.note(`Not started: ${failed.map(({ entry, reason }) => `${entry} (${reason ?? ''})`).join('; ')}`);
      this.show();
    }
  }

  /** Follows the publishes until all have ended, and forwards decisions meanwhile. */
  private async follow(): Promise<void> {
    const publishes = this.publishes.flatMap(({ entry, run }) => (run === null ? [] : [{ entry, run }]));
    while (publishes.length > 0) {
      const scope = new CancellationScope();
      const following = scope.run(() => on('waiting').followPublishes({ publishes, forMs: FOLLOW_MS }));
      let followed: readonly FollowedPublish[] | null = null;
      while (followed === null) {
        const queued = condition(() => this.queue.length > 0).then(() => null);
        followed = await Promise.race([following, queued]);
        await this.forwardDecisions();
        if (followed === null && this.isLong()) {
          scope.cancel();
          // Ignore its result and its failure: a worker that dies here must not fail the campaign.
          await following.catch(() => undefined);
          await this.restartAsNew();
        }
      }
      this.followed = followed;
      this.show();
      if (followed.every(({ ended }) => ended)) return;
      if (this.isLong()) await this.restartAsNew();
    }
  }

  private isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength >= (this.input.continueAfter ?? CONTINUE_AFTER) || continueAsNewSuggested;
  }

  /** Continues as new with names and ids only. The shown rows stay in the earlier history. */
  private async restartAsNew(): Promise<void> {
    await condition(allHandlersFinished);
    await this.forwardDecisions();
    if (this.digest === null) return;
    const { totals, digest, items, publishes, notes } = this;
    await continueAsNew<typeof publishCampaign>({ ...this.input, resume: { totals, digest, items, publishes, notes } });
  }

  /** Forwards the queued decisions to their publishes. */
  private async forwardDecisions(): Promise<void> {
    for (let decision = this.queue.shift(); decision !== undefined; decision = this.queue.shift()) {
      const decided: DecidedPublish[] = [];
      const { verdict, reviewer, identity, note } = decision;
      for (const publishes of chunkArray(this.publishesFor(decision), DECIDE_BATCH)) {
        const fields = { verdict, reviewer, ...(identity === undefined ? {} : { identity }), ...(note === undefined ? {} : { note }) };
        decided.push(...(await on('control').decidePublishes({ campaign: this.id, publishes, ...fields })));
      }
      this.noteOutcomes(decision, decided);
    }
  }

  private noteOutcomes(decision: CampaignDecision, decided: readonly DecidedPublish[]): void {
    const verb = decision.verdict === 'approve' ? 'approved' : 'rejected';
    const accepted = decided.filter(({ outcome }) => outcome === 'accepted').length;
    this.note(`${reviewerText(decision)} ${verb} ${accepted} of ${plural(decided.length, 'publish', 'publishes')}.`);
    for (const outcome of ['plan-changed', 'refused', 'no-answer', 'ended'] as const) {
      const affected = decided.filter((one) => one.outcome === outcome);
      if (affected.length > 0)
        this.note(`${DECISION_FAILURES[outcome]}: ${truncateList(affected.map(({ entry, reason }) => `${entry} (${reason ?? ''})`))}`);
    }
    this.show();
  }

  /** Returns the started publishes of the entries that a decision names, or of all entries. */
  private publishesFor({ entries }: CampaignDecision): { entry: string; run: string; plan: Digest }[] {
    const plans = new Map(this.items.map(({ entry, plan }) => [entry, plan]));
    const named = new Set(entries);
    return this.publishes.flatMap(({ entry, run }) => {
      const plan = plans.get(entry);
      const isSelected = named.size === 0 || named.has(entry);
      return run === null || plan === undefined || !isSelected ? [] : [{ entry, run, plan }];
    });
  }

  private parseDecision(message: unknown): CampaignDecision {
    const parsed = parseCampaignDecision(message);
    if ('fault' in parsed)
      throw refusal('DecisionRefused', `${parsed.fault} Send {"plan": "…", "verdict": "approve" or "reject", "reviewer": "…"}.`);
    if (this.digest === null || !this.acceptsDecisions) throw refusal('DecisionRefused', 'This campaign does not wait for a decision now.');
    if (!namesDigest(parsed.plan, this.digest))
      throw refusal(
        'DecisionRefused',
        `The plan of this campaign is ${shortDigest(this.digest)}, not ${parsed.plan}. Read the current plan, then decide again.`,
      );
    const unknown = unknownEntries(parsed, this.items);
    if (unknown !== null) throw refusal('DecisionRefused', unknown);
    return parsed;
  }

  private enqueue(message: unknown): { entries: number } {
    const decision = this.parseDecision(message);
    this.queue.push(decision);
    const named = new Set(decision.entries);
    return { entries: named.size === 0 ? this.items.length : named.size };
  }

  /** Handles a signal. It has no answer, so the notes show the reason of a refusal. */
  private handleSignal(message: unknown): void {
    try {
      this.enqueue(message);
    } catch (error) {
      this.note(`Refused: ${error instanceof Error ? error.message : String(error)}`);
      this.show();
    }
  }

  private note(text: string): void {
    this.notes.push(text);
    this.notes.splice(0, this.notes.length - MAX_NOTES);
  }

  private show(): void {
    const { id, totals, digest: plan, rows, notes, acceptsDecisions: asks } = this;
    const stages = new Map<string, number>();
    for (const { stage } of this.followed) stages.set(stage, (stages.get(stage) ?? 0) + 1);
    setCurrentDetails(campaignMarkdown({ id, totals, plan, rows, more: this.planned - rows.length, notes, asks, stages }));
  }

  private result(): CampaignResult {
    const outcomes: Record<string, number> = {};
    for (const { stage } of this.followed) outcomes[stage] = (outcomes[stage] ?? 0) + 1;
    const failed = this.publishes.filter(({ run }) => run === null).map(({ entry, reason }) => ({ entry, outcome: 'not started', reason }));
    const ended = this.followed
      .filter(({ stage }) => !SUCCESSFUL.has(stage))
      .map(({ entry, stage }) => ({ entry, outcome: stage, reason: null }));
    return { totals: this.totals, plan: this.digest, outcomes, unpublished: [...failed, ...ended].slice(0, MAX_UNPUBLISHED) };
  }
}

const DECISION_FAILURES = {
  'plan-changed': 'The plan has changed, so decide about each of these entries',
  refused: 'Refused',
  'no-answer': 'No answer, so send the decision again',
  ended: 'Already ended',
} as const;

/** Plans many entries, shows one plan, and publishes the approved entries: all of them, or named ones. */
export const publishCampaign = async (input: CampaignInput): Promise<CampaignResult> => {
  const notifications = new Notifications();
  const running = new Campaign(checkCampaignInput(input), notifications);
  try {
    const result = await running.run();
    await condition(allHandlersFinished);
    return result;
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error))
      notifications.send({ event: 'campaign-failed', id: running.id, reason: problemOf('the campaign', error).reason });
    throw error;
  } finally {
    await notifications.drain();
  }
};
