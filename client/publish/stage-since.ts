import type { Client } from '@temporalio/client';
import { SwpStage } from '../../contract/search-attributes.js';
import { firstPayload, timeOf } from './events.js';

/** Among its last events is the one that began a stage. */
const LAST_EVENTS = 30;

interface AtStage {
  readonly id: string;
  readonly runId: string;
  readonly stage: string | null;
}

/**
 * Since when a workflow is at a stage, from the end of its history.
 *
 * @returns null where its last events do not say, undefined where it is at another stage by now
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
