import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import { projectRoot } from '../../dev/temporal/project.js';

export const HISTORIES = join(projectRoot(), 'test', 'workflows', 'histories');

/** What a history says of the machine that made it; replay does not look at it. */
const OF_THE_MACHINE = new Set(['identity', 'stackTrace', 'workerInstanceKey']);

const withoutMachine = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, OF_THE_MACHINE.has(key) && typeof inner === 'string' ? '' : withoutMachine(inner)]),
  );
};

/**
 * Keeps the history of a workflow as a replay fixture when `SWP_RECORD=1` is set. One that is there is never
 * written again: it stands for publishes that wait out there.
 */
export const keepHistory = async (client: Client, workflowId: string, shape: string): Promise<void> => {
  if (process.env['SWP_RECORD'] !== '1') return;
  const file = join(HISTORIES, `${shape}.json`);
  if (
    await access(file).then(
      () => true,
      () => false,
    )
  )
    return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const text: unknown = JSON.parse(historyToJSON(history));
  await mkdir(HISTORIES, { recursive: true });
  await writeFile(file, `${JSON.stringify(withoutMachine(text), null, 1)}\n`);
};
