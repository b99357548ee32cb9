import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import { projectRoot } from '../../dev/temporal/project.js';

export const HISTORIES = join(projectRoot(), 'test', 'workflows', 'histories');

/** Fields about the machine that recorded a history; a replay ignores them. */
const MACHINE_FIELDS = new Set(['identity', 'stackTrace', 'workerInstanceKey']);

const withoutMachine = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, MACHINE_FIELDS.has(key) && typeof inner === 'string' ? '' : withoutMachine(inner)]),
  );
};

/**
 * Saves the history of a workflow as a replay fixture when `SWP_RECORD=1` is set. Never overwrites a fixture: it
 * stands for publishes that still run somewhere.
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
