import type { Client } from '@temporalio/client';

/** A step that was handed to the queue of one high-memory host. */
export interface HostStep {
  readonly step: string;
  readonly host: string;
}

/** The steps of a workflow that were bound to one host, in the order in which they were scheduled. */
export const hostSteps = async (client: Client, workflowId: string): Promise<readonly HostStep[]> => {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    const [, host] = scheduled?.taskQueue?.name?.split('/') ?? [];
    return host === undefined ? [] : [{ step: scheduled?.activityType?.name ?? '', host }];
  });
};
