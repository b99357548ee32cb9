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
import { decideCampaignUpdate, reviewCampaignSignal } from '../contract/messages.js';
import { checkCampaignInput } from './inputs.js';
import { problemOf } from './needs-attention.js';
import { Notifications } from './notifications.js';
import { probe } from './probe-hosts.js';
import { refusal } from './refusal.js';
import { campaign, campaignWaiting } from './activity-proxies.js';
import type { CampaignInput, CampaignResult } from '../contract/results.js';

/** Entries of one step: planned, started, or decided about. */
const PLANNED_AT_ONCE = 50;
const STARTED_AT_ONCE = 20;
const DECIDED_AT_ONCE = 50;
/** So often at least its details tell how the publishes stand. */
const FOLLOW_MS = 3_600_000;
const CONTINUE_AFTER = 1_500;
const KEPT_NOTES = 20;
/** Troubles that a result lists. */
const MOST_TROUBLES = 100;

const AS_WANTED = new Set(['published', 'filed', 'unchanged']);

/** Many entries with one plan: it starts a publish for each that changes, and hands decisions on to them. It is no gate of its own. */
class Campaign {
  readonly id = workflowInfo().workflowId.replace(/^campaign\//, '');
  private totals: CampaignTotals;
  /** Those that are to be judged first, as many as are shown. */
  private rows: readonly CampaignRow[] = [];
  private planned = 0;
  private readonly items: CampaignItem[];
  private digest: Digest | null;
  private readonly publishes: CampaignPublish[];
  private followed: readonly FollowedPublish[] = [];
  private readonly queue: CampaignDecision[] = [];
  private readonly notes: string[] = [];
  private asks = false;

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
    this.asks = resume !== undefined;
    setHandler(reviewCampaignSignal, (message) => this.takeSignal(message), {
      description:
        'Approve or reject the plans of this campaign: {"plan": "sha256:…", "verdict": "approve" | "reject", "reviewer": "name"}',
    });
    setHandler(decideCampaignUpdate, (message) => this.take(message), {
      description: 'As the signal review, with an answer; with {"entries": ["source/key"]} for some entries alone.',
      validator: (message) => void this.judge(message),
    });
  }

  async run(): Promise<CampaignResult> {
    if (this.input.resume === undefined) await this.planAndStart();
    this.show();
    await this.follow();
    await this.tellDecisions();
    this.asks = false;
    this.show();
    return this.result();
  }

  private async planAndStart(): Promise<void> {
    const { select, only } = this.input;
    const selected = await campaign().selectEntries({ select, only });
    if (selected.mistakes > 0)
      this.note(`The catalog has ${plural(selected.mistakes, 'mistake')}: entries with one are left out. swp catalog validate`);
    // Asked once for all entries.
    const host = await probe({ sources: [], targets: [], ...(selected.larql ? { larql: true } : {}) });
    const changedOnly = 'which' in select && select.which === 'changed';
    for (const entries of chunkArray(selected.entries, PLANNED_AT_ONCE)) {
      const summary = `plan ${this.planned + entries.length} of ${selected.entries.length} entries`;
      const rows = await campaign().planCampaignBatch.executeWithOptions({ summary }, [{ entries, only, changedOnly, host }]);
      this.planned += rows.length;
      this.rows = firstRows([...this.rows, ...rows]);
      this.items.push(...rows.flatMap(({ entry, state, plan }) => (state === 'changes' && plan !== null ? [{ entry, plan }] : [])));
      this.totals = addRows(this.totals, rows);
      this.show();
    }
    if (this.items.length === 0) return;
    this.digest = await campaign().digestCampaign(this.items);
    this.asks = true;
    await this.start();
    this.notifications.send({ what: 'campaign', id: this.id, plan: this.digest, totals: this.totals });
  }

  private async start(): Promise<void> {
    const { only, startedBy } = this.input;
    for (const wave of chunkArray(this.items, STARTED_AT_ONCE)) {
      const entries = wave.map(({ entry }) => entry);
      const summary = `start ${this.publishes.length + entries.length} of ${this.items.length} publishes`;
      const started = await campaign().startPublishes.executeWithOptions({ summary }, [{ campaign: this.id, entries, only, startedBy }]);
      this.publishes.push(...started);
      const failed = started.filter(({ run }) => run === null);
      if (failed.length > 0) this.note(`Not started: ${failed.map(({ entry, reason }) => `${entry} (${reason ?? ''})`).join('; ')}`);
      this.show();
    }
  }

  /** Until every publish has ended, taking decisions meanwhile. */
  private async follow(): Promise<void> {
    const publishes = this.publishes.flatMap(({ entry, run }) => (run === null ? [] : [{ entry, run }]));
    while (publishes.length > 0) {
      const scope = new CancellationScope();
      const following = scope.run(() => campaignWaiting().followPublishes({ publishes, forMs: FOLLOW_MS }));
      let followed: readonly FollowedPublish[] | null = null;
      while (followed === null) {
        const asked = condition(() => this.queue.length > 0).then(() => null);
        followed = await Promise.race([following, asked]);
        await this.tellDecisions();
        if (followed === null && this.isLong()) {
          scope.cancel();
          // However it ends: its answer is not needed, and a worker that dies over it fails nothing.
          await following.catch(() => undefined);
          await this.goOnAsNew();
        }
      }
      this.followed = followed;
      this.show();
      if (followed.every(({ ended }) => ended)) return;
      if (this.isLong()) await this.goOnAsNew();
    }
  }

  private isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength >= (this.input.continueAfter ?? CONTINUE_AFTER) || continueAsNewSuggested;
  }

  /** With names and ids alone; what was shown stays in the history before. */
  private async goOnAsNew(): Promise<void> {
    await condition(allHandlersFinished);
    await this.tellDecisions();
    if (this.digest === null) return;
    const { totals, digest, items, publishes, notes } = this;
    await continueAsNew<typeof publishCampaign>({ ...this.input, resume: { totals, digest, items, publishes, notes } });
  }

  /** Hands decisions on to the publishes that they are for. */
  private async tellDecisions(): Promise<void> {
    for (let decision = this.queue.shift(); decision !== undefined; decision = this.queue.shift()) {
      const decided: DecidedPublish[] = [];
      const { verdict, reviewer, identity, note } = decision;
      for (const publishes of chunkArray(this.meant(decision), DECIDED_AT_ONCE)) {
        const fields = { verdict, reviewer, ...(identity === undefined ? {} : { identity }), ...(note === undefined ? {} : { note }) };
        decided.push(...(await campaign().decidePublishes({ campaign: this.id, publishes, ...fields })));
      }
      this.tellDecided(decision, decided);
    }
  }

  private tellDecided(decision: CampaignDecision, decided: readonly DecidedPublish[]): void {
    const verb = decision.verdict === 'approve' ? 'approved' : 'rejected';
    const taken = decided.filter(({ outcome }) => outcome === 'taken').length;
    this.note(`${reviewerText(decision)} ${verb} ${taken} of ${plural(decided.length, 'publish', 'publishes')}.`);
    for (const outcome of ['moved', 'refused', 'late', 'ended'] as const) {
      const those = decided.filter((one) => one.outcome === outcome);
      if (those.length > 0)
        this.note(`${NOT_TAKEN[outcome]}: ${truncateList(those.map(({ entry, reason }) => `${entry} (${reason ?? ''})`))}`);
    }
    this.show();
  }

  private meant({ entries }: CampaignDecision): { entry: string; run: string; plan: Digest }[] {
    const plans = new Map(this.items.map(({ entry, plan }) => [entry, plan]));
    const named = new Set(entries);
    return this.publishes.flatMap(({ entry, run }) => {
      const plan = plans.get(entry);
      const isMeant = named.size === 0 || named.has(entry);
      return run === null || plan === undefined || !isMeant ? [] : [{ entry, run, plan }];
    });
  }

  private judge(message: unknown): CampaignDecision {
    const parsed = parseCampaignDecision(message);
    if ('fault' in parsed)
      throw refusal('DecisionRefused', `${parsed.fault} Send {"plan": "…", "verdict": "approve" or "reject", "reviewer": "…"}.`);
    if (this.digest === null || !this.asks) throw refusal('DecisionRefused', 'Nothing of this campaign waits for a decision right now.');
    if (!namesDigest(parsed.plan, this.digest))
      throw refusal('DecisionRefused', `This campaign asks about plan ${shortDigest(this.digest)}, not ${parsed.plan}. Read it again.`);
    const unknown = unknownEntries(parsed, this.items);
    if (unknown !== null) throw refusal('DecisionRefused', unknown);
    return parsed;
  }

  private take(message: unknown): { entries: number } {
    const decision = this.judge(message);
    this.queue.push(decision);
    const named = new Set(decision.entries);
    return { entries: named.size === 0 ? this.items.length : named.size };
  }

  /** A signal has no answer: why it was not taken is among the notes. */
  private takeSignal(message: unknown): void {
    try {
      this.take(message);
    } catch (error) {
      this.note(`Not taken: ${error instanceof Error ? error.message : String(error)}`);
      this.show();
    }
  }

  private note(text: string): void {
    this.notes.push(text);
    this.notes.splice(0, this.notes.length - KEPT_NOTES);
  }

  private show(): void {
    const { id, totals, digest: plan, rows, notes, asks } = this;
    const stages = new Map<string, number>();
    for (const { stage } of this.followed) stages.set(stage, (stages.get(stage) ?? 0) + 1);
    setCurrentDetails(campaignMarkdown({ id, totals, plan, rows, more: this.planned - rows.length, notes, asks, stages }));
  }

  private result(): CampaignResult {
    const outcomes: Record<string, number> = {};
    for (const { stage } of this.followed) outcomes[stage] = (outcomes[stage] ?? 0) + 1;
    const failed = this.publishes.filter(({ run }) => run === null).map(({ entry, reason }) => ({ entry, outcome: 'not started', reason }));
    const ended = this.followed
      .filter(({ stage }) => !AS_WANTED.has(stage))
      .map(({ entry, stage }) => ({ entry, outcome: stage, reason: null }));
    return { totals: this.totals, plan: this.digest, outcomes, troubles: [...failed, ...ended].slice(0, MOST_TROUBLES) };
  }
}

const NOT_TAKEN = {
  moved: 'Planned anew since, so that each waits alone',
  refused: 'Refused',
  late: 'Without an answer: decide again',
  ended: 'Ended already',
} as const;

/** Plans many entries, shows one plan, and publishes each as it is approved: all of them, or by name. */
export const publishCampaign = async (input: CampaignInput): Promise<CampaignResult> => {
  const notifications = new Notifications();
  const running = new Campaign(checkCampaignInput(input), notifications);
  try {
    const result = await running.run();
    await condition(allHandlersFinished);
    return result;
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error))
      notifications.send({ what: 'campaign-failed', id: running.id, reason: problemOf('the campaign', error).reason });
    throw error;
  } finally {
    await notifications.drain();
  }
};
