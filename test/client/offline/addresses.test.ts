import { describe, expect, it } from 'vitest';
import { addressesOf } from '../../../client/addresses.js';
import { readTemporalConfig } from '../../../temporal/profile.js';

const COMMIT = '0123456789'.repeat(4);
const addresses = (env: NodeJS.ProcessEnv) => {
  const whole = { TEMPORAL_CONFIG_FILE: '/nonexistent', ...env };
  return addressesOf(whole, readTemporalConfig(whole));
};

describe('the addresses in messages', () => {
  it('name the page of a commit or a repository on the Hub', () => {
    expect(addresses({}).commit('acme/x', COMMIT)).toBe(`https://huggingface.co/acme/x/commit/${COMMIT}`);
    expect(addresses({ HF_ENDPOINT: 'http://127.0.0.1:8333/' }).repo('acme/x')).toBe('http://127.0.0.1:8333/acme/x');
  });

  it("name a workflow's page in the Web UI of SWP_TEMPORAL_UI", () => {
    const { workflow } = addresses({ SWP_TEMPORAL_UI: 'http://localhost:8233/', TEMPORAL_NAMESPACE: 'team' });
    expect(workflow('publish/acme/x')).toBe('http://localhost:8233/namespaces/team/workflows/publish%2Facme%2Fx');
    expect(workflow('target/acme/x', 'run-1')).toBe('http://localhost:8233/namespaces/team/workflows/target%2Facme%2Fx/run-1');
  });

  it('use the Web UI of Temporal Cloud for its servers, and are null for others', () => {
    const cloud = { TEMPORAL_ADDRESS: 'team.acct.tmprl.cloud:7233', TEMPORAL_NAMESPACE: 'team.acct' };
    expect(addresses(cloud).workflow('x')).toBe('https://cloud.temporal.io/namespaces/team.acct/workflows/x');
    expect(addresses({ TEMPORAL_ADDRESS: 'eu.aws.api.temporal.io:7233' }).workflow('x')).toContain('https://cloud.temporal.io/');
    expect(addresses({}).workflow('x')).toBeNull();
    expect(addresses({ TEMPORAL_ADDRESS: 'tmprl.cloud.example.org:7233' }).workflow('x')).toBeNull();
  });

  it.each(['localhost:8233', 'ftp://x', 'https://me:pw@ui.example.org'])(
    'refuse %s as a Web UI, without repeating it in the error',
    (url) => {
      expect(() => addresses({ SWP_TEMPORAL_UI: url })).toThrow('SWP_TEMPORAL_UI must be an address that begins with https:// or http://');
      expect(() => addresses({ SWP_TEMPORAL_UI: url })).not.toThrow(url);
    },
  );
});
