import type { Client } from '@temporalio/client';
import type { RepairReport } from '../activities/revalidate/api.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import { SwpError } from '../core/error.js';
import type { Repair } from '../plan/findings/digest.js';
import { publishId } from '../workflows/names.js';
import { SwpStage } from '../workflows/search-attributes.js';
import type { Stage } from '../workflows/stages.js';
import { startPublish } from './start-publish.js';

/** Who says to have started it. */
const STARTED_BY = 're-validation';
/** Ends after which the same findings are news. */
const CARRIED_OUT: ReadonlySet<string> = new Set<Stage>(['published', 'filed']);

/** How an earlier publish for the same findings stands; null where the server knows none that was not carried out. */
const earlier = async (client: Client, entry: string, { findings }: Repair): Promise<Omit<RepairReport, 'entry'> | null> => {
  // The name of an entry holds no quote: its form is checked where the catalog is read.
  for await (const found of client.workflow.list({ query: `WorkflowId = '${publishId(entry)}'` })) {
    const stage = found.typedSearchAttributes.get(SwpStage) ?? '';
    if (found.status.name === 'RUNNING') return { outcome: 'runs' };
    if (found.memo?.['findings'] === findings && !CARRIED_OUT.has(stage))
      return { outcome: 'ended-before', reason: found.status.name === 'CANCELLED' ? 'it was cancelled' : `it ended ${stage}` };
  }
  return null;
};

/**
 * Starts a publish that waits for approval, because of what was found: once for each set of findings. It is not started
 * again after one that was rejected, expired, given up, or that had nothing to do; a person still may.
 */
export const startRepair =
  (client: Client, taskQueue: string) =>
  async (entry: EntrySnapshot, repair: Repair): Promise<Omit<RepairReport, 'entry'>> => {
    const known = await earlier(client, entry.name, repair);
    if (known !== null) return known;
    try {
      await startPublish(client, { entry, only: [], startedBy: STARTED_BY }, taskQueue, repair.findings);
      return { outcome: 'started' };
    } catch (error) {
      if (error instanceof SwpError && error.code === 'publish/other-input') return { outcome: 'runs', reason: error.message };
      throw error;
    }
  };
