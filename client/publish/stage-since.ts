import type { Client } from '@temporalio/client';
import { SwpStage } from '../../contract/search-attributes.js';
import { firstPayload, timeOf } from './events.js';

/** Number of last events to search for the one that began the stage. */
const LAST_EVENTS = 30;

interface AtStage {
  readonly id: string;
  readonly runId: string;
  readonly stage: string | null;
}

/**
 * Returns the time at which a workflow entered its stage, from the end of its history.
 *
 * @returns null if its last events do not contain it, undefined if the workflow is at another stage by now
 */
export const stageSince = async (client: Client, { id, runId, stage }: AtStage): Promise<Date | null | undefined> => {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: id, runId },
    maximumPageSize: LAST_EVENTS,
  });
  for (const event of history?.events ?? []) {
    const field = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.[SwpStage.name];
    if (field === undefined) continue;
    const [value = null]: unknown[] = [firstPayload({ payloads: [field] })].flat();
    return value === stage ? timeOf(event) : undefined;
  }
  return null;
};
