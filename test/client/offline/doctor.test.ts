import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startLocalHub } from '../../../dev/hub/index.js';
import { type BehaviourInput } from '../../../dev/larql/behaviour.js';
import { installStandIn } from '../../../dev/larql/install.js';
import { swp } from '../../support/swp.js';

const UNREACHABLE_URL = 'http://127.0.0.1:9';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-doctor-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** The findings of doctor; nothing answers at the default addresses. */
const doctor = async (env: NodeJS.ProcessEnv) => {
  const defaults = { HF_ENDPOINT: UNREACHABLE_URL, TEMPORAL_ADDRESS: '127.0.0.1:9', HOME: cwd, SWP_SCRATCH: join(cwd, 'scratch') };
  const { code, out } = await swp(['doctor', '--json'], { cwd, env: { ...defaults, ...env } });
  const found = JSON.parse(out) as Record<string, string>[];
  return { code, of: (wanted: string): Record<string, string> => found.find(({ check }) => check === wanted)! };
};
const larql = async (env: NodeJS.ProcessEnv): Promise<Record<string, string>> => (await doctor(env)).of('larql');
const standIn = async (behaviour: BehaviourInput = {}): Promise<NodeJS.ProcessEnv> => ({
  PATH: process.env['PATH'],
  SWP_LARQL: await installStandIn(join(cwd, 'bin'), behaviour),
});

describe('the Hub finding of swp doctor', () => {
  it('is bad when nothing answers, with a token and without', async () => {
    const without = (await doctor({})).of('hub');
    expect(without).toMatchObject({ verdict: 'bad', message: expect.stringContaining('ECONNREFUSED') });
    expect((await doctor({ HF_TOKEN: 'hf_x' })).of('hub').verdict).toBe('bad');
  });

  it('names the address and its variable when the Hub answers and there is no token', async () => {
    const hub = await startLocalHub({ directory: join(cwd, 'hub') });
    onTestFinished(() => hub.close());
    expect((await doctor({ HF_ENDPOINT: hub.url })).of('hub')).toMatchObject({
      verdict: 'warn',
      message: `Hub ${hub.url} (HF_ENDPOINT) answers; no token is set`,
    });
  });

  it('is bad when another server answers', async () => {
    const server = createServer((_, response) => response.end('<h1>Hello</h1>')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const found = (await doctor({ HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })).of('hub');
    expect(found).toMatchObject({ verdict: 'bad', message: expect.stringContaining('not JSON') });
  });
});

describe('swp doctor', () => {
  it('names SWP_LARQL when there is no larql', async () => {
    expect(await larql({ PATH: cwd })).toMatchObject({ verdict: 'warn', fix: expect.stringContaining('SWP_LARQL') });
  });

  it('probes larql, and reports a stand-in as bad', async () => {
    expect(await larql(await standIn())).toMatchObject({
      verdict: 'bad',
      message: expect.stringMatching(/sha256 [0-9a-f]{64}: quant none, q4k; expert-server slices; early blocks; a stand-in/),
    });
  });

  it('reports a larql that cannot be used', async () => {
    expect(await larql(await standIn({ blocks: 'wrong' }))).toMatchObject({
      verdict: 'bad',
      message: expect.stringContaining('cannot be used'),
    });
    expect(await larql({ SWP_LARQL: join(cwd, 'none') })).toMatchObject({
      verdict: 'bad',
      message: expect.stringContaining('does not name an executable program'),
    });
  });
});
