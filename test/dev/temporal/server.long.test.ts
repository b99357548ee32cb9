import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { connectClient } from '../../../temporal/connect-client.js';
import { freePort } from '../../../dev/temporal/ports.js';
import { startTemporalServer, type TemporalServer, type TemporalServerOptions } from '../../../dev/temporal/server.js';
import { checkSearchAttributes } from '../../../temporal/search-attributes.js';
import { fakeProgram } from '../../support/temporal-fakes.js';

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

test('a started server has our search attributes and keeps closed workflows for a year', async () => {
  const { connection, namespace, close } = await connect(await start());
  expect(await checkSearchAttributes(connection, namespace)).toEqual([]);
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(365 * 86_400);
  await close();
});

test('the Web UI answers at the returned URL', async () => {
  const server = await start({ uiPort: 0 });
  const answer = await fetch(`${server.uiUrl}/api/v1/namespaces/default`);
  expect(await answer.json()).toMatchObject({ namespaceInfo: { name: 'default' } });
});

test('there is no Web UI without a UI port', async () => {
  expect(await start()).not.toHaveProperty('uiUrl');
});

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

test("closing ends the server's process", async () => {
  const server = await start();
  await server.close();
  expect(await server.exited).toBe(0);
  expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
});

test('the log file contains the output of the server', async () => {
  const logFile = path.join(directory, 'server.log');
  const server = await start({ logFile });
  await server.close();
  expect(await readFile(logFile, 'utf8')).toContain(server.address.split(':')[1]);
});

test.each(['port', 'uiPort'] as const)('a taken %s is reported before anything starts', async (option) => {
  const port = await freePort();
  const holder = createServer().listen(port, '127.0.0.1');
  await once(holder, 'listening');
  await expect(start({ [option]: port })).rejects.toMatchObject({
    kind: 'conflict',
    code: 'dev/port-taken',
    message: `port ${port} on 127.0.0.1 is taken`,
  });
  holder.close();
});

test('a program that exits immediately is reported with its output', async () => {
  const cli = await fakeProgram(path.join(directory, 'temporal'), 'echo unknown flag: --headless >&2; exit 1');
  await expect(start({ cli })).rejects.toMatchObject({
    code: 'dev/temporal-start',
    message: 'the Temporal server did not start: unknown flag: --headless',
  });
});
