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
import { readingBack, revalidation } from './activity-proxies.js';
import type { RevalidateInput, RevalidateResult } from '../contract/results.js';

/** Targets of one step: few enough that a crash costs little, many enough that a thousand make a short history. */
const BATCH = { nightly: 50, weekly: 10 } as const;
/** Publishes that one step starts. */
const REPAIRED_AT_ONCE = 50;
/** Repairs that a result lists. */
const MOST_REPAIRS = 100;
/** Findings that a notification names. */
const NAMED = 3;

/** One look at everything that is published. */
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
      await this.lookAtAll();
      await this.repair();
    } finally {
      // What was found is reported, whatever came in between.
      this.show();
      upsertSearchAttributes([{ key: SwpFindings, value: this.table.attention }]);
      if (this.table.attention > 0) this.notify();
    }
    return this.result();
  }

  private async lookAtAll(): Promise<void> {
    const fleet = await revalidation().listFleet({ batch: BATCH[this.input.which] });
    this.table = fleet.findings;
    for (const targets of fleet.batches) {
      await this.look(targets, fleet);
      this.read.targets += targets.length;
      this.show();
    }
  }

  private async look(targets: readonly string[], fleet: Fleet): Promise<void> {
    const request = { targets, before: this.table.digest };
    const summary = `${this.read.targets + targets.length} of ${fleet.targets} targets`;
    if (this.input.which === 'weekly') {
      const { weeks } = this.input;
      const back = await readingBack().readBackTargets.executeWithOptions({ summary }, [{ ...request, weeks, week: this.week ?? 0 }]);
      this.table = joinTables(this.table, back.findings);
      this.read.files += back.files;
      this.read.bytes += back.bytes;
      this.read.ofBytes += back.ofBytes;
      return;
    }
    const { findings, repairs } = await revalidation().checkTargets.executeWithOptions({ summary }, [request]);
    this.table = joinTables(this.table, findings);
    this.wanted.push(...repairs);
  }

  /** Once all is known: the targets of an entry may lie in several batches, and it is asked about once. */
  private async repair(): Promise<void> {
    const wanted = mergeRepairs(this.wanted);
    this.repairsWanted = wanted.length;
    let asked = 0;
    for (const some of chunkArray(wanted, REPAIRED_AT_ONCE)) {
      asked += some.length;
      const summary = `publish again: ${asked} of ${wanted.length}`;
      const reports = await revalidation().startRepairs.executeWithOptions({ summary }, [some]);
      this.repairs.push(...reports.slice(0, MOST_REPAIRS - this.repairs.length));
    }
  }

  private notify(): void {
    const rows = this.table.rows.filter((row) => levelOf(row) === 'attention').slice(0, NAMED);
    const first = rows.map(({ entry, target, code, message }) => ({ entry, target, code, message }));
    this.notifications.send({ what: 'findings', which: this.input.which, attention: this.table.attention, first });
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

/** Looks at everything that the catalog publishes, reports what is not as it was left, and asks for what would mend it. */
export const revalidate = async (input: RevalidateInput): Promise<RevalidateResult> => {
  const { which } = checkRevalidateInput(input);
  const notifications = new Notifications();
  try {
    return await new RevalidateRun(input, notifications).run();
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error))
      notifications.send({ what: 'revalidation-failed', which, reason: problemOf('re-validation', error).reason });
    throw error;
  } finally {
    await notifications.drain();
  }
};
