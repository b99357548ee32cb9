import type { TestEnvironment } from './test-environment.js';

/** Returns the current details of a workflow, which the Web UI shows; by default those of the publish. */
export const detailsOf = async (testEnvironment: TestEnvironment, id = testEnvironment.handle().workflowId): Promise<string> => {
  const handle = testEnvironment.temporal.client.workflow.getHandle(id);
  return (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
};
