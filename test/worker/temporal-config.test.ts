import { expect, test } from 'vitest';
import { readTemporalConfig } from '../../worker/temporal-config.js';

const read = (env: NodeJS.ProcessEnv) => readTemporalConfig({ TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml', ...env });

test('without settings it is the local server and its default namespace', () => {
  expect(read({})).toEqual({ address: 'localhost:7233', namespace: 'default', connectionOptions: { address: 'localhost:7233' } });
});

test.each([
  ['temporal.example', 'temporal.example:7233'],
  ['temporal.example:80', 'temporal.example:80'],
  ['[::1]', '[::1]:7233'],
  ['[::1]:7', '[::1]:7'],
])('the address %s is %s', (given, address) => {
  expect(read({ TEMPORAL_ADDRESS: given }).address).toBe(address);
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
