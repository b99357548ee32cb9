import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { connectClient } from '../../../temporal/connect-client.js';
import { startTemporalServer, type TemporalServer, type TemporalServerOptions } from '../../../dev/temporal/server.js';

let directory: string;
const open: TemporalServer[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'swp-server-'));
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  await rm(directory, { recursive: true, force: true });
});

const start = async (options: Partial<TemporalServerOptions> = {}): Promise<TemporalServer> => {
  const server = await startTemporalServer({ cli: inject('temporalCli'), ...options });
  open.push(server);
  return server;
};

const connect = (server: TemporalServer) =>
  connectClient({ env: { TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' } });

test('a server that restarts with the same file keeps its workflows', async () => {
  const dbFile = path.join(directory, 'temporal.db');
  const first = await start({ dbFile });
  const one = await connect(first);
  await one.client.workflow.start('nobody', { workflowId: 'kept', taskQueue: 'nobody' });
  await one.close();
  await first.close();
  const two = await connect(await start({ dbFile }));
  expect((await two.client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  await two.close();
});

test('the log file contains the output of the server', async () => {
  const logFile = path.join(directory, 'server.log');
  const server = await start({ logFile });
  await server.close();
  expect(await readFile(logFile, 'utf8')).toContain(server.address.split(':')[1]);
});
