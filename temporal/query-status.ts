import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { statusQuery, targetStatusQuery } from '../workflows/messages.js';
import { Problem } from '../plan/problem.js';
import type { Running } from './running.js';

/** Timeout of a query, which needs a worker. Without one the rest of the status is still correct. */
const QUERY_MS = 3_000;

const StatusReply = z.object({
  problem: Problem.nullable(),
  waitingFor: z.array(z.string()).optional(),
  previousHost: z.string().nullable().optional(),
});

/** Asks a publish, or the workflow of a target, for what its memo does not hold; null if no worker answers. */
export const queryStatus = async (client: Client, running: Running): Promise<z.infer<typeof StatusReply> | null> => {
  const query = running.id.startsWith('publish/') ? statusQuery.name : targetStatusQuery.name;
  try {
    return StatusReply.parse(
      await client.connection.withDeadline(Date.now() + QUERY_MS, () => client.workflow.getHandle(running.id, running.runId).query(query)),
    );
  } catch {
    return null;
  }
};
