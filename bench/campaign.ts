import { join } from 'node:path';
import { Runtime, DefaultLogger } from '@temporalio/worker';
import { connectClient } from '../temporal/connect-client.js';
import { findTemporalCli } from '../dev/temporal/find.js';
import { startTemporalServer } from '../dev/temporal/server.js';
import { hubAt } from '../test/support/hub-at.js';
import { connectWorker } from '../worker/connection.js';
import { createControlWorkers } from '../worker/control.js';
import { createHighmemWorkers } from '../worker/highmem.js';
import { runWorkers } from '../worker/run.js';
import { readSettings } from '../settings/settings.js';
import { campaignId } from '../contract/names.js';
import type { publishCampaign } from '../workflows/publish-campaign.js';
import type { Figure } from './figure.js';
import { FLEET_TOKENS, type Fleet } from './fleet-seed.js';
import { withHub } from './hub-process.js';

const BUNDLE = join(import.meta.dirname, '..', 'workflow-bundle.js');

/** Measures the load on Temporal of a campaign over a fleet in which nothing changes. */
export const measureCampaign = async ({ directory, catalog, targets }: Fleet, root: string): Promise<Figure[]> => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
  const cli = await findTemporalCli({ note: () => undefined });
  const server = await startTemporalServer({ cli: cli.path });
  const env = { TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent' };
  const temporal = await connectClient({ env });
  try {
    return await withHub({ directory, tokens: FLEET_TOKENS }, async ({ url }) => {
      const { connection, namespace } = await connectWorker(env);
      const settings = readSettings({ SWP_SCRATCH: join(root, 'campaign-scratch'), SWP_CATALOG: catalog });
      const hub = (token: string) => hubAt(url, token);
      const common = { connection, namespace, settings };
      const control = await createControlWorkers({
        ...common,
        hub: hub('hf_benchreader'),
        workflowBundle: { codePath: BUNDLE },
      });
      const write = hub('hf_benchwriter');
      const highmem = await createHighmemWorkers({ ...common, writeHub: write, sourceHub: write, shouldStop: () => false, env: {} });
      const stop = new AbortController();
      const running = runWorkers([...control, ...highmem.workers], stop.signal);
      const begin = performance.now();
      const handle = await temporal.client.workflow.start<typeof publishCampaign>('publishCampaign', {
        workflowId: campaignId('bench'),
        taskQueue: settings.taskQueue,
        args: [{ select: { which: 'all' }, only: [], startedBy: null }],
      });
      const { totals } = await handle.result();
      const seconds = (performance.now() - begin) / 1000;
      const { historyLength, historySize } = await handle.describe();
      const others = (await temporal.client.workflow.count("WorkflowType != 'publishCampaign'")).count;
      stop.abort();
      await running;
      await connection.close();
      if (totals.unchanged !== targets || others !== 0)
        throw new Error(`${totals.unchanged} of ${targets} are unchanged, ${others} workflows started`);
      return [
        {
          name: `events of a campaign, of ${targets} unchanged entries each`,
          value: historyLength / targets,
          unit: '',
          goal: { atMost: 20 },
          how: `${historyLength} events, ${Math.round((historySize ?? 0) / 1000)} kB, in ${seconds.toFixed(0)} s; no other workflow`,
        },
      ];
    });
  } finally {
    await temporal.close();
    await server.close();
  }
};
