import type { Connection } from '@temporalio/client';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';

const DAY_MS = 86_400_000;

/** Keeps closed workflows for at least so many days; a longer retention is left as it is. */
export const raiseRetention = async (connection: Connection, namespace: string, days: number): Promise<void> => {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const present = optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0;
  if (present >= days * DAY_MS) return;
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(days * DAY_MS) } });
};
