import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BehaviourInput } from '../../../dev/larql/behaviour.js';
import { installStandIn } from '../../../dev/larql/install.js';
import { swp } from '../../support/swp.js';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-doctor-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** What doctor says of larql; nothing answers at the other addresses. */
const larql = async (env: NodeJS.ProcessEnv): Promise<Record<string, string>> => {
  const nowhere = { HF_ENDPOINT: 'http://127.0.0.1:9', TEMPORAL_ADDRESS: '127.0.0.1:9', HOME: cwd, SWP_SCRATCH: join(cwd, 'scratch') };
  const { out } = await swp(['doctor', '--json'], { cwd, env: { ...nowhere, ...env } });
  return (JSON.parse(out) as Record<string, string>[]).find(({ what }) => what === 'larql')!;
};
const standIn = async (behaviour: BehaviourInput = {}): Promise<NodeJS.ProcessEnv> => ({
  PATH: process.env['PATH'],
  SWP_LARQL: await installStandIn(join(cwd, 'bin'), behaviour),
});

describe('swp doctor', () => {
  it('says how to get larql where there is none', async () => {
    expect(await larql({ PATH: cwd })).toMatchObject({ verdict: 'warn', fix: expect.stringContaining('SWP_LARQL') });
  });

  it('tries the larql that there is, and tells a stand-in from it', async () => {
    expect(await larql(await standIn())).toMatchObject({
      verdict: 'bad',
      message: expect.stringMatching(/sha256 [0-9a-f]{64}: quant none, q4k; expert-server slices; early blocks; a stand-in/),
    });
  });

  it('says what is wrong with one that cannot be used', async () => {
    expect(await larql(await standIn({ blocks: 'wrong' }))).toMatchObject({
      verdict: 'bad',
      message: expect.stringContaining('cannot be used'),
    });
    expect(await larql({ SWP_LARQL: join(cwd, 'none') })).toMatchObject({ verdict: 'bad', message: expect.stringContaining('no program') });
  });
});
