import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, blockCount } from '../../core/blocks.js';
import type { Sha256 } from '../../core/ids.js';
import { sha256Of } from '../../plan/canonical.js';
import { makeManifest, manifestDigest, samplesOf } from '../../plan/manifest.js';
import { manifestOf, parseProvenance, provenanceText } from '../../plan/provenance.js';
import { plan, recordOf, TARGET } from './fixtures.js';

const digestOf = (text: string): Sha256 => sha256Of(Buffer.from(text));
const blocksOf = (size: number): Sha256[] => Array.from({ length: blockCount(size) }, (_, at) => digestOf(`block ${at}`));

describe('the samples of a file', () => {
  it('are four blocks, the first and the last among them, with their digests', () => {
    const sizes = fc.integer({ min: 4 * BLOCK_BYTES + 1, max: 500e9 }).map((size) => Math.min(size, 2_000 * BLOCK_BYTES + (size % 7)));
    fc.assert(
      fc.property(sizes, fc.string(), (size, seed) => {
        const samples = samplesOf(size, digestOf(seed), blocksOf(size));
        expect(samples).toHaveLength(4);
        expect([samples[0]?.begin, samples[3]?.end]).toEqual([0, size]);
        for (const [at, { begin, end, sha256 }] of samples.entries()) {
          expect(begin).toBeGreaterThanOrEqual(samples[at - 1]?.end ?? 0);
          expect([begin % BLOCK_BYTES, end]).toEqual([0, Math.min(size, begin + BLOCK_BYTES)]);
          expect(sha256).toBe(digestOf(`block ${begin / BLOCK_BYTES}`));
        }
      }),
    );
  });

  it('lie elsewhere in another file of the same size', () => {
    const size = 1_000 * BLOCK_BYTES;
    const places = new Set(
      ['a', 'b', 'c'].map((seed) => String(samplesOf(size, digestOf(seed), blocksOf(size)).map(({ begin }) => begin))),
    );
    expect(places.size).toBe(3);
  });

  it('are none where they would be the whole file', () => {
    expect(samplesOf(4 * BLOCK_BYTES, digestOf('x'), blocksOf(4 * BLOCK_BYTES))).toEqual([]);
  });

  it('come back from the provenance with the rest of the manifest', () => {
    const size = 50 * BLOCK_BYTES - 3;
    const sha256 = digestOf('x');
    const manifest = makeManifest([
      { path: 'b.bin', size, sha256, samples: samplesOf(size, sha256, blocksOf(size)) },
      { path: 'a.bin', size: 3, sha256 },
    ]);
    const { last } = recordOf(plan(), TARGET, manifest);
    const back = manifestOf(parseProvenance(provenanceText(last.provenance)));
    expect(back).toEqual(manifest);
    expect(manifestDigest(back)).toBe(last.manifestDigest);
  });

  it.each([
    ['beyond the end of the file', { begin: 0, end: 4 }],
    ['without a byte', { begin: 2, end: 2 }],
    ['larger than a block', { begin: 0, end: BLOCK_BYTES + 1 }],
  ])('are refused in a record where one is %s', (what, sample) => {
    const size = what.startsWith('beyond') ? 3 : 100 * BLOCK_BYTES;
    const files = [{ path: 'a.bin', size, sha256: digestOf('x'), samples: [{ ...sample, sha256: digestOf('y') }] }];
    const { last } = recordOf(plan(), TARGET, makeManifest(files));
    expect(() => parseProvenance(provenanceText(last.provenance))).toThrow(expect.objectContaining({ code: 'plan/bad-provenance' }));
  });
});
