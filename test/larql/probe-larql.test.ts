import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import type { BehaviourInput } from '../../dev/larql/behaviour.js';
import { installStandIn } from '../../dev/larql/install.js';
import { probeLarql, type LarqlCapabilities } from '../../larql/probe-larql.js';
import { findLarql } from '../../larql/find-larql.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-probe-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const probe = async (behaviour: BehaviourInput = {}): Promise<LarqlCapabilities> => {
  const program = await findLarql(THIS_MACHINE.files, { SWP_LARQL: await installStandIn(join(directory, 'program'), behaviour) });
  return probeLarql(THIS_MACHINE, program!, join(directory, 'scratch'), process.env, new AbortController().signal);
};

describe('a probed larql', () => {
  it('has its capabilities reported, and leaves nothing behind', async () => {
    expect(await probe()).toEqual({ quants: ['none', 'q4k'], expertServer: true, blocks: 'early', names: 'q4k', standIn: true });
    expect(await readdir(join(directory, 'scratch'))).toEqual([]);
  });

  it('may have the other generation of blocks and names', async () => {
    expect(await probe({ blocks: 'ggml', names: 'kquant' })).toMatchObject({
      quants: ['none', 'q4k'],
      blocks: 'ggml',
      names: 'kquant',
    });
  });

  it('may lack quantisation or the expert-server slice', async () => {
    expect(await probe({ quantises: false })).toMatchObject({ quants: ['none'], expertServer: false, blocks: 'none' });
    expect(await probe({ expertServer: false })).toMatchObject({ quants: ['none', 'q4k'], expertServer: false });
  });

  it.each<[string, BehaviourInput]>([
    ['writes blocks that decode to garbage', { blocks: 'wrong' }],
    ['skips tensors', { skips: ['down_proj.weight'] }],
  ])('cannot be used when it %s', async (_, behaviour) => {
    await expect(probe(behaviour)).rejects.toMatchObject({ code: 'larql/probe', message: expect.stringContaining('broken vindex') });
  });

  it('cannot be used when it panics, and its panic is reported', async () => {
    const failure = { kind: 'panic' as const, at: { step: 'down_meta' as const } };
    await expect(probe({ failure })).rejects.toMatchObject({ code: 'larql/panic', message: expect.stringContaining('panicked') });
  });
});
