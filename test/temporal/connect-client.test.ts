import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { connectClient } from '../../temporal/connect-client.js';
import { freePort } from '../../dev/temporal/ports.js';
import { testTemporalEnv } from '../support/temporal.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'swp-connection-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const configFile = async (text: string): Promise<string> => {
  const file = path.join(directory, 'temporal.toml');
  await writeFile(file, text);
  return file;
};

test('connects to the server and namespace of the settings', async () => {
  const { client, address, namespace, close } = await connectClient({ env: testTemporalEnv() });
  expect([address, namespace, client.options.namespace]).toEqual([inject('temporalAddress'), 'default', 'default']);
  await close();
});

test('connects to the server of the selected profile in temporal.toml', async () => {
  const TEMPORAL_CONFIG_FILE = await configFile(`[profile.staging]\naddress = "${inject('temporalAddress')}"\n`);
  const { address, close } = await connectClient({ env: { TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'staging' } });
  expect(address).toBe(inject('temporalAddress'));
  await close();
});

test('fails before the deadline without a server, and names the address and how to start one', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  // The deadline is far beyond the test timeout, so the test fails if the client waits for it.
  await expect(connectClient({ env: { ...testTemporalEnv(), TEMPORAL_ADDRESS: address }, deadlineMs: 3_600_000 })).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'temporal/unreachable',
    message: `no Temporal server at ${address} (TEMPORAL_ADDRESS): nothing answers there`,
    hint: expect.stringMatching(/`swp dev` or `temporal server start-dev`/),
  });
});

test('reports a listener that is no Temporal server', async () => {
  const port = await freePort();
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${port}`;
  await expect(connectClient({ env: { ...testTemporalEnv(), TEMPORAL_ADDRESS: address }, deadlineMs: 300 })).rejects.toMatchObject({
    code: 'temporal/unreachable',
    message: expect.stringContaining('something listens there, but does not answer'),
  });
  server.close();
});

test('names a namespace that does not exist and the command that creates it', async () => {
  await expect(connectClient({ env: { ...testTemporalEnv(), TEMPORAL_NAMESPACE: 'nowhere' } })).rejects.toMatchObject({
    kind: 'invalid',
    code: 'temporal/no-namespace',
    message: `the Temporal server at ${inject('temporalAddress')} has no namespace "nowhere"`,
    hint: expect.stringContaining('temporal operator namespace create --namespace nowhere'),
  });
});

test.each([
  ['an unknown profile', { TEMPORAL_PROFILE: 'nope' }, '[profile.default]\n', "Profile 'nope' not found"],
  ['a broken file', {}, '[profile.default', 'Invalid TOML'],
])('%s is a configuration error', async (_, env, text, message) => {
  const TEMPORAL_CONFIG_FILE = await configFile(text);
  await expect(connectClient({ env: { ...env, TEMPORAL_CONFIG_FILE } })).rejects.toMatchObject({
    kind: 'invalid',
    code: 'temporal/config',
    message: expect.stringContaining(message),
  });
});
