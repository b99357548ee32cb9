import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, blockCount } from '../../core/blocks.js';
import type { Sha256 } from '../../core/ids.js';
import { gitBlobOf, sha256Of, GIT_BLOB_LIMIT } from '../../core/digests.js';
import {
  describeBytes,
  describeLarge,
  makeManifest,
  Manifest,
  manifestDigest,
  manifestText,
  samplesOf,
  type ManifestFile,
} from '../../plan/manifest.js';
import { manifestOf, parseProvenance, provenanceText } from '../../plan/provenance.js';
import { plan, recordOf, TARGET } from './fixtures.js';

const digestOf = (text: string): Sha256 => sha256Of(Buffer.from(text));
const blocksOf = (size: number): Sha256[] => Array.from({ length: blockCount(size) }, (_, at) => digestOf(`block ${at}`));

describe('the samples of a file', () => {
  it('are four blocks with their digests, including the first and the last', () => {
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

  it('differ between files of the same size', () => {
    const size = 1_000 * BLOCK_BYTES;
    const places = new Set(
      ['a', 'b', 'c'].map((seed) => String(samplesOf(size, digestOf(seed), blocksOf(size)).map(({ begin }) => begin))),
    );
    expect(places.size).toBe(3);
  });

  it('are empty when they would be the whole file', () => {
    expect(samplesOf(4 * BLOCK_BYTES, digestOf('x'), blocksOf(4 * BLOCK_BYTES))).toEqual([]);
  });

  it('are restored from the provenance with the rest of the manifest', () => {
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
  ])('are refused in a record when one is %s', (fault, sample) => {
    const size = fault.startsWith('beyond') ? 3 : 100 * BLOCK_BYTES;
    const files = [{ path: 'a.bin', size, sha256: digestOf('x'), samples: [{ ...sample, sha256: digestOf('y') }] }];
    const { last } = recordOf(plan(), TARGET, makeManifest(files));
    expect(() => parseProvenance(provenanceText(last.provenance))).toThrow(expect.objectContaining({ code: 'plan/bad-provenance' }));
  });
});

describe('a manifest', () => {
  const file: ManifestFile = { path: 'a', size: 3, sha256: digestOf('a') };
  const sample = { begin: 0, end: 1, sha256: digestOf('s') };

  it.each<[string, unknown, boolean]>([
    ['a file', file, true],
    ['a path of 1024 characters', { ...file, path: 'x'.repeat(1024) }, true],
    ['a path of 1025 characters', { ...file, path: 'x'.repeat(1025) }, false],
    ['an empty path', { ...file, path: '' }, false],
    ['four samples', { ...file, samples: Array.from({ length: 4 }, () => sample) }, true],
    ['five samples', { ...file, samples: Array.from({ length: 5 }, () => sample) }, false],
  ])('is valid with %s: %s', (_, found, isValid) => {
    expect(Manifest.safeParse({ version: 1, files: [found, file] }).success).toBe(isValid);
  });

  it.each([
    ['another version', { version: 2, files: [file] }],
    ['no file', { version: 1, files: [] }],
    ['no fields', {}],
  ])('is invalid with %s', (_, found) => {
    expect(Manifest.safeParse(found).success).toBe(false);
  });

  it('sorts its files, and has one line of canonical JSON', () => {
    const manifest = makeManifest([{ ...file, path: 'b' }, file]);
    expect(manifest.files.map(({ path }) => path)).toEqual(['a', 'b']);
    expect(manifestText(manifest)).toMatch(/^\{"files":\[\{"path":"a".*\],"version":1\}\n$/);
    expect(manifestDigest(manifest)).toBe(`sha256:${sha256Of(manifestText(manifest).trimEnd())}`);
  });

  it('describes a large file by its digest and any samples', () => {
    expect(describeLarge('a', 3, file.sha256, [])).toStrictEqual(file);
    expect(describeLarge('a', 3, file.sha256, [sample])).toStrictEqual({ ...file, samples: [sample] });
  });

  it('describes a small file also by its git blob, up to the limit', () => {
    const [most, more] = [Buffer.alloc(GIT_BLOB_LIMIT), Buffer.alloc(GIT_BLOB_LIMIT + 1)];
    expect(describeBytes('a', most)).toStrictEqual({
      path: 'a',
      size: GIT_BLOB_LIMIT,
      sha256: sha256Of(most),
      gitBlob: gitBlobOf(most),
    });
    expect(describeBytes('a', more)).toStrictEqual({ path: 'a', size: GIT_BLOB_LIMIT + 1, sha256: sha256Of(more) });
  });
});
