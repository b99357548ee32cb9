import type { Connection } from '@temporalio/client';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';

const DAY_MS = 86_400_000;

/** Raises the retention of closed workflows to `days` days; does not change a longer retention. */
export const raiseRetention = async (connection: Connection, namespace: string, days: number): Promise<void> => {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const currentMs = optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0;
  if (currentMs >= days * DAY_MS) return;
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(days * DAY_MS) } });
};
