import { describe, expect, it } from 'vitest';
import { Sha256 } from '../../core/ids.js';
import { digestOf } from '../../core/digests.js';
import type { LastPublish } from '../../plan/facts.js';
import { describeBytes, makeManifest } from '../../plan/manifest.js';
import { larqlOfPublish } from '../../plan/published-larql.js';
import type { VindexRecipe } from '../../plan/recipe.js';
import { commit, plan, recordOf, SOURCE, TARGET } from './fixtures.js';

const SHA = Sha256.parse('1'.repeat(64));

/** The record of a vindex with these files. */
const published = (paths: readonly string[], over: Partial<VindexRecipe> = {}): LastPublish => {
  const recipe: VindexRecipe = {
    kind: 'vindex',
    conversion: 1,
    source: { repo: SOURCE, commit: commit('a') },
    quant: 'q4k',
    slice: 'full',
    level: 'all',
    selection: { files: 1, digest: digestOf([]) },
    larql: { sha256: SHA, blocks: 'ggml' },
    blas: {},
    ...over,
  };
  const manifest = makeManifest(paths.map((path) => describeBytes(path, Buffer.from(path))));
  return recordOf({ ...plan(), recipe, recipeDigest: digestOf(recipe) }, TARGET, manifest).last;
};
const FULL = { quant: 'q4k', slice: 'full' } as const;

describe('the larql of a publish', () => {
  it.each([
    ['kquant', 'interleaved_kquant.bin'],
    ['q4k', 'interleaved_q4k.bin'],
  ])('is restored from its record, with its names (%s)', (names, path) => {
    expect(larqlOfPublish(published([path]), FULL)).toEqual({
      facts: { sha256: SHA, quants: ['none', 'q4k'], expertServer: false, blocks: 'ggml', fleetBlocks: 'ggml', names, standIn: false },
    });
  });

  it('can make the published slice again', () => {
    const last = published(['interleaved_q4k.bin'], { slice: 'expert-server' });
    expect(larqlOfPublish(last, { quant: 'q4k', slice: 'expert-server' })).toMatchObject({ facts: { expertServer: true } });
  });

  it('is unknown for a slice or a quantisation that it did not publish', () => {
    expect(larqlOfPublish(published(['interleaved_q4k.bin']), { quant: 'q4k', slice: 'expert-server' })).toHaveProperty('problem');
    expect(larqlOfPublish(published(['up_weights.bin'], { quant: 'none' }), FULL)).toHaveProperty('problem');
    expect(larqlOfPublish(published(['up_weights.bin'], { quant: 'none' }), { ...FULL, quant: 'none' })).toHaveProperty('facts');
  });

  it('is unknown when nothing or another kind is published', () => {
    expect(larqlOfPublish(null, FULL)).toHaveProperty('problem');
    expect(larqlOfPublish(recordOf(plan(), TARGET, makeManifest([describeBytes('a', Buffer.from('a'))])).last, FULL)).toHaveProperty(
      'problem',
    );
  });
});
