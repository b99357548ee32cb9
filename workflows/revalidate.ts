import { ActivityFailure, isCancellation, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Fleet } from '../contract/revalidate-activities.js';
import { chunkArray } from '../core/chunk-array.js';
import { mergeRepairs, type Repair, type RepairReport } from '../plan/findings/repair.js';
import { levelOf } from '../plan/findings/finding.js';
import { weekOf } from '../plan/findings/share.js';
import { joinTables, NO_FINDINGS, type FindingTable } from '../plan/findings/finding-table.js';
import { findingsMarkdown } from '../plan/render/findings-markdown.js';
import { checkRevalidateInput } from './inputs.js';
import { problemOf } from './needs-attention.js';
import { Notifications } from './notifications.js';
import { SwpFindings } from '../contract/search-attributes.js';
import { LIMITS, on } from './activities.js';
import type { RevalidateInput, RevalidateResult } from '../contract/results.js';

/** Targets in one step: few, so that a crash costs little, and enough that a thousand targets make a short history. */
const BATCH = { nightly: 50, weekly: 10 } as const;
/** Publishes that one step starts. */
const REPAIR_BATCH = 50;
/** Limit of the repairs that a result lists. */
const MAX_REPAIRS = 100;
/** Limit of the findings that a notification names. */
const MAX_NOTIFIED = 3;

/** One run over all published targets. */
class RevalidateRun {
  private table: FindingTable = NO_FINDINGS;
  private readonly repairs: RepairReport[] = [];
  private readonly wanted: Repair[] = [];
  private repairsWanted = 0;
  private readonly read = { targets: 0, files: 0, bytes: 0, ofBytes: 0 };
  private readonly week: number | null;

  constructor(
    private readonly input: RevalidateInput,
    private readonly notifications: Notifications,
  ) {
    this.week = input.which === 'weekly' ? weekOf(Date.now()) : null;
  }

  async run(): Promise<RevalidateResult> {
    try {
      await this.checkAll();
      await this.startRepairs();
    } finally {
      // Report the findings so far, even after a failure or a cancel.
      this.show();
      upsertSearchAttributes([{ key: SwpFindings, value: this.table.attention }]);
      if (this.table.attention > 0) this.notify();
    }
    return this.result();
  }

  private async checkAll(): Promise<void> {
    const fleet = await on('control', LIMITS.revalidation).listFleet({ batch: BATCH[this.input.which] });
    this.table = fleet.findings;
    for (const targets of fleet.batches) {
      await this.checkBatch(targets, fleet);
      this.read.targets += targets.length;
      this.show();
    }
  }

  private async checkBatch(targets: readonly string[], fleet: Fleet): Promise<void> {
    const request = { targets, before: this.table.digest };
    const summary = `${this.read.targets + targets.length} of ${fleet.targets} targets`;
    if (this.input.which === 'weekly') {
      const { weeks } = this.input;
      const report = await on('control', LIMITS.readBack).readBackTargets.executeWithOptions({ summary }, [
        { ...request, weeks, week: this.week ?? 0 },
      ]);
      this.table = joinTables(this.table, report.findings);
      this.read.files += report.files;
      this.read.bytes += report.bytes;
      this.read.ofBytes += report.ofBytes;
      return;
    }
    const { findings, repairs } = await on('control', LIMITS.revalidation).checkTargets.executeWithOptions({ summary }, [request]);
    this.table = joinTables(this.table, findings);
    this.wanted.push(...repairs);
  }

  /** Runs after all batches: the targets of one entry may be in several batches, and one publish repairs them all. */
  private async startRepairs(): Promise<void> {
    const wanted = mergeRepairs(this.wanted);
    this.repairsWanted = wanted.length;
    let requested = 0;
    for (const batch of chunkArray(wanted, REPAIR_BATCH)) {
      requested += batch.length;
      const summary = `publish again: ${requested} of ${wanted.length}`;
      const reports = await on('control', LIMITS.revalidation).startRepairs.executeWithOptions({ summary }, [batch]);
      this.repairs.push(...reports.slice(0, MAX_REPAIRS - this.repairs.length));
    }
  }

  private notify(): void {
    const rows = this.table.rows.filter((row) => levelOf(row) === 'attention').slice(0, MAX_NOTIFIED);
    const first = rows.map(({ entry, target, code, message }) => ({ entry, target, code, message }));
    this.notifications.send({ event: 'findings', which: this.input.which, attention: this.table.attention, first });
  }

  private show(): void {
    setCurrentDetails(findingsMarkdown(this.result()));
  }

  private result(): RevalidateResult {
    const { table: findings, repairs, repairsWanted, week } = this;
    const { targets, files: filesRead, bytes: bytesRead, ofBytes } = this.read;
    return { which: this.input.which, targets, week, filesRead, bytesRead, ofBytes, findings, repairs, repairsWanted };
  }
}

/** Checks every published target of the catalog, reports the findings, and starts publishes that would fix them. Each waits for approval. */
export const revalidate = async (input: RevalidateInput): Promise<RevalidateResult> => {
  const { which } = checkRevalidateInput(input);
  const notifications = new Notifications();
  try {
    return await new RevalidateRun(input, notifications).run();
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error))
      notifications.send({ event: 'revalidation-failed', which, reason: problemOf('re-validation', error).reason });
    throw error;
  } finally {
    await notifications.drain();
  }
};
