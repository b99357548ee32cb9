import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EntrySnapshot } from '../catalog/snapshot.js';
import { RepoId } from '../core/ids.js';
import { generateCheckpoint } from '../dev/checkpoint/generate.js';
import { startSandbox } from '../dev/sandbox/sandbox.js';
import { Connection, Client } from '@temporalio/client';
import type { Figure } from './figure.js';
import { decideUpdate } from '../workflows/messages.js';
import { BASE_QUEUE, publishId, targetId } from '../contract/names.js';
import type { publishEntry } from '../workflows/publish-entry.js';
import { SwpStage } from '../contract/search-attributes.js';

const SOURCE = RepoId.parse('demo-labs/bench-source');
const TARGET = RepoId.parse('demo/bench-mtp');

const waitForApprovalStage = async (client: Client, id: string): Promise<string> => {
  for (;;) {
    const { typedSearchAttributes } = await client.workflow.getHandle(id).describe();
    if (typedSearchAttributes.get(SwpStage) === 'awaiting-approval') {
      const status = await client.workflow.getHandle(id).query<{ plan: string | null }>('status');
      if (status.plan !== null) return status.plan;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** Publishes one large synthetic checkpoint. Measures the bytes read against the bytes needed, and the events written to history. */
export const measurePublish = async (): Promise<Figure[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-bench-'));
  const world = await startSandbox({ directory, ports: { temporal: 0, ui: 0, hub: 0 }, env: process.env, note: () => undefined });
  const connection = await Connection.connect({ address: world.temporal.address });
  try {
    await world.hub.admin.createRepo(SOURCE);
    await world.hub.admin.commitFiles(SOURCE, generateCheckpoint({ seed: 3, size: 'large' }).files, { message: 'A checkpoint' });
    const entry = EntrySnapshot.parse({
      name: 'demo/bench',
      entry: { key: 'bench', tier: 'smoke', mtp_source_repo: SOURCE, mtp_sidecar_repo: TARGET },
    });
    const client = new Client({ connection });
    const id = publishId(entry.name);
    const handle = await client.workflow.start<typeof publishEntry>('publishEntry', {
      workflowId: id,
      taskQueue: BASE_QUEUE,
      args: [{ entry, only: [] }],
    });
    const plan = await waitForApprovalStage(client, id);
    await handle.executeUpdate(decideUpdate, { args: [{ plan, verdict: 'approve', reviewer: 'bench' }] });
    await handle.result();
    const needed = (await world.hub.admin.readFile(TARGET, 'main', 'mtp.safetensors')).byteLength;
    const read = world.hub.requests
      .filter(
        ({ repo, operation, path }) =>
          (operation === 'cdn' || operation === 'resolve') &&
          (repo === undefined ? path.includes('bench-source') : repo.toLowerCase() === SOURCE.toLowerCase()),
      )
      .reduce((sum, { sent }) => sum + sent, 0);
    const histories = await Promise.all([id, targetId(TARGET)].map((workflow) => client.workflow.getHandle(workflow).fetchHistory()));
    const events = histories.map((history) => history.events?.length ?? 0);
    return [
      {
        name: 'MTP bytes fetched over bytes needed',
        value: read / needed,
        unit: 'x',
        goal: { atMost: 1.02 },
        how: `${Math.round(needed / 1e6)} MB of heads in a synthetic checkpoint; headers, index and config of plan and build are counted`,
      },
      {
        name: 'history events per publish',
        value: events.reduce((sum, count) => sum + count, 0),
        unit: 'events',
        goal: { atMost: 150 },
        how: `entry ${events[0]}, target ${events[1]}`,
      },
    ];
  } finally {
    await connection.close();
    await world.close();
    await rm(directory, { recursive: true, force: true });
  }
};
