import type { Client } from '@temporalio/client';
import type { RepairReport } from '../plan/findings/repair.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import { publishId } from '../contract/names.js';
import type { Stage } from '../contract/stages.js';
import { withTemporalRetry } from './with-temporal-retry.js';
import { executionState } from './execution-state.js';
import { startPublish } from './start-publish.js';

/** Who says to have started it. */
const STARTED_BY = 're-validation';
/** Ends after which the same findings are news. */
const CARRIED_OUT: ReadonlySet<string> = new Set<Stage>(['published', 'filed']);
/** One that was terminated, or ran out of time, was answered by nobody. */
const ENDED_BY_ITSELF: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** How an earlier publish for the same findings stands; null where the server knows none that was not carried out. */
const earlier = async (client: Client, entry: string, findings: Digest): Promise<Omit<RepairReport, 'entry'> | null> => {
  // The name of an entry holds no quote: its form is checked where the catalog is read. The newest come first.
  for await (const found of client.workflow.list({ query: `WorkflowId = '${publishId(entry)}'` })) {
    const { stage, ended } = executionState(found);
    if (!ended) return { outcome: 'runs' };
    // What is found after it is news, whatever was said of the same before.
    if (CARRIED_OUT.has(stage)) return null;
    if (found.memo?.['findings'] === findings && ENDED_BY_ITSELF.has(found.status.name))
      return { outcome: 'ended-before', reason: `it ended ${stage}` };
  }
  return null;
};

/**
 * Starts a publish that waits for approval, because of what was found: once for each set of findings. It is not started
 * again after one that was rejected, expired, given up, or that had nothing to do; a person still may.
 */
export const startRepair =
  (client: Client, taskQueue: string) =>
  async (entry: EntrySnapshot, findings: Digest): Promise<Omit<RepairReport, 'entry'>> => {
    try {
      const known = await withTemporalRetry(() => earlier(client, entry.name, findings));
      if (known !== null) return known;
      await withTemporalRetry(() => startPublish(client, { entry, only: [], startedBy: STARTED_BY }, taskQueue, findings));
      return { outcome: 'started' };
    } catch (error) {
      if (error instanceof SwpError && error.code === 'publish/other-input') return { outcome: 'runs', reason: error.message };
      throw error;
    }
  };
