import type { Client } from '@temporalio/client';
import type { RepairReport } from '../plan/findings/repair.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import { publishId } from '../contract/names.js';
import type { Stage } from '../contract/stages.js';
import { mapTemporalErrors } from './map-temporal-errors.js';
import { executionState } from './execution-state.js';
import { startPublish } from './start-publish.js';

/** The starter that these publishes report. */
const STARTED_BY = 're-validation';
/** Final stages after which equal findings count as new. */
const CARRIED_OUT: ReadonlySet<string> = new Set<Stage>(['published', 'collected']);
/** Statuses of a publish that ended by itself. A terminated or timed-out publish got no answer from a person. */
const ENDED_BY_ITSELF: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/**
 * Looks for a publish of the entry that runs, or that ended without being carried out for the same findings.
 *
 * @returns null if there is none since the last publish that was carried out
 */
const findEarlierPublish = async (client: Client, entry: string, findings: Digest): Promise<Omit<RepairReport, 'entry'> | null> => {
  // An entry name holds no quote: the catalog checks its form. The list has the newest run first.
  for await (const found of client.workflow.list({ query: `WorkflowId = '${publishId(entry)}'` })) {
    const { stage, ended } = executionState(found);
    if (!ended) return { outcome: 'runs' };
    // Findings after this publish are new, even if equal findings were answered before it.
    if (CARRIED_OUT.has(stage)) return null;
    if (found.memo?.['findings'] === findings && ENDED_BY_ITSELF.has(found.status.name))
      return { outcome: 'ended-before', reason: `it ended as ${stage}` };
  }
  return null;
};

/**
 * Starts a publish that waits for approval, once for each set of findings. Starts none after a publish for the same findings
 * that was rejected, expired, abandoned or had nothing to do; a person still can.
 */
export const startRepair =
  (client: Client, taskQueue: string) =>
  async (entry: EntrySnapshot, findings: Digest): Promise<Omit<RepairReport, 'entry'>> => {
    try {
      const known = await mapTemporalErrors(() => findEarlierPublish(client, entry.name, findings));
      if (known !== null) return known;
      await mapTemporalErrors(() => startPublish(client, { entry, only: [], startedBy: STARTED_BY }, taskQueue, findings));
      return { outcome: 'started' };
    } catch (error) {
      if (error instanceof SwpError && error.code === 'publish/other-input') return { outcome: 'runs', reason: error.message };
      throw error;
    }
  };
