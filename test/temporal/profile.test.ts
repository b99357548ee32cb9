import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectWorker } from '../../worker/connection.js';
import { readTemporalConfig } from '../../temporal/profile.js';
import { testTemporalEnv } from '../support/temporal.js';

const read = (env: NodeJS.ProcessEnv) => readTemporalConfig({ TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml', ...env });

test('the defaults are the local server and its default namespace', () => {
  expect(read({})).toEqual({
    address: 'localhost:7233',
    origin: 'the default',
    namespace: 'default',
    ui: null,
    connectionOptions: { address: 'localhost:7233' },
  });
});

test('the origin is the variable or the file that names the server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-profile-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const TEMPORAL_CONFIG_FILE = join(directory, 'temporal.toml');
  await writeFile(TEMPORAL_CONFIG_FILE, '[profile.default]\naddress = "temporal.example:7233"\n');
  expect(readTemporalConfig({ TEMPORAL_CONFIG_FILE })).toMatchObject({ address: 'temporal.example:7233', origin: 'temporal.toml' });
  const TEMPORAL_ADDRESS = 'other.example';
  expect(readTemporalConfig({ TEMPORAL_CONFIG_FILE, TEMPORAL_ADDRESS })).toMatchObject({ origin: 'TEMPORAL_ADDRESS' });
});

test.each([
  ['temporal.example', 'temporal.example:7233'],
  ['temporal.example:80', 'temporal.example:80'],
  ['[::1]', '[::1]:7233'],
  ['[::1]:7', '[::1]:7'],
])('the address %s is read as %s', (given, address) => {
  expect(read({ TEMPORAL_ADDRESS: given }).address).toBe(address);
});

test('a worker in a namespace that does not exist fails with the command that creates it', async () => {
  await expect(connectWorker({ ...testTemporalEnv(), TEMPORAL_NAMESPACE: 'nowhere' })).rejects.toMatchObject({
    kind: 'invalid',
    code: 'temporal/no-namespace',
    hint: expect.stringContaining('temporal operator namespace create --namespace nowhere'),
  });
});

test('an API key turns TLS on', () => {
  expect(read({ TEMPORAL_API_KEY: 'key', TEMPORAL_NAMESPACE: 'ns.acct' })).toMatchObject({
    namespace: 'ns.acct',
    connectionOptions: { apiKey: 'key', tls: true },
  });
});

test('an empty variable counts as unset', () => {
  expect(read({ TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '', TEMPORAL_PROFILE: '' })).toMatchObject({
    address: 'localhost:7233',
    namespace: 'default',
  });
});
