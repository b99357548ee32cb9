import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockLayout } from '../../../formats/vindex/quant-blocks.js';
import { compareNumbers, type Comparison } from '../../../formats/vindex/compare-numbers.js';
import { extractOptions } from '../../../formats/vindex/extract-options.js';
import { rowError } from '../../../formats/vindex/row-error.js';
import { validateVindex } from '../../../formats/vindex/validate.js';
import { quantiseRow } from './quantise.js';
import { tinyGemma, tinyLlama, tinyMixtral } from './tiny-models.js';
import { readerOf, sourceOf, tinySlice, tinyVindex, type TinyVindex } from './tiny-vindex.js';
import { runs } from '../../support/tiers.js';

const LLAMA = tinyVindex(tinyLlama());
const GEMMA = tinyVindex(tinyGemma());

const compared = (vindex: TinyVindex, files: ReadonlyMap<string, Uint8Array> = vindex.files, seed = 7): Promise<Comparison> =>
  compareNumbers(vindex.layout, readerOf(files), sourceOf(vindex), { seed, rowsPerFile: 24 });

const copyOf = ({ files }: TinyVindex): Map<string, Uint8Array> =>
  new Map([...files].map(([path, bytes]) => [path, Uint8Array.from(bytes)]));

/** Swaps two slices of equal length. */
const swapSlices = (bytes: Uint8Array, a: number, b: number, length: number): void => {
  const first = bytes.slice(a, a + length);
  bytes.set(bytes.subarray(b, b + length), a);
  bytes.set(first, b);
};

describe('a sample of numbers', () => {
  it.each<[string, TinyVindex, BlockLayout | null]>([
    ['a Llama with blocks from before August 2026', LLAMA, 'interleaved'],
    ['a Llama with newer blocks', tinyVindex(tinyLlama('BF16'), extractOptions('q4k', 'kquant'), 'planar'), 'planar'],
    ['a hybrid', GEMMA, 'interleaved'],
    ['the slice of a hybrid', tinySlice(GEMMA), 'interleaved'],
    ['a mixture of experts without blocks', tinyVindex(tinyMixtral(), extractOptions('none')), null],
    ['F16 in F32', tinyVindex(tinyLlama('F16'), { ...extractOptions('none'), dtype: 'f32' }), null],
  ])('matches, and identifies the block layout: %s', async (_, vindex, blocks) => {
    expect(await compared(vindex)).toMatchObject({ blocks, problems: [] });
  });

  it('has 24 rows of each file', async () => {
    const { rows } = await compared(LLAMA);
    expect(rows).toBe(6 * 24);
  });

  it('reads the same places for the same seed', async () => {
    const places: string[][] = [];
    for (const seed of [3, 3, 4]) {
      const seen: string[] = [];
      const reader = readerOf(GEMMA.files);
      const recording = {
        read: (path: string, begin: number, end: number) => (seen.push(`${path} ${begin}`), reader.read(path, begin, end)),
      };
      await compareNumbers(GEMMA.layout, recording, sourceOf(GEMMA), { seed, rowsPerFile: 8 });
      places.push(seen);
    }
    expect(places[0]).toEqual(places[1]);
    expect(places[0]).not.toEqual(places[2]);
  });

  it.each([
    ['attn_weights_q4k.bin', 0],
    ['interleaved_q4k.bin', 0],
    ['interleaved_q4k.bin', 36_864],
    ['lm_head_q4.bin', 0],
    ['embeddings.bin', 0],
    ['gate_vectors.bin', 0],
    ['norms.bin', 0],
  ])('finds another tensor in %s from byte %i', async (path, begin) => {
    const files = copyOf(LLAMA);
    const other = tinyVindex(tinyLlama(), extractOptions('q4k'), 'interleaved', 2).files.get(path)!;
    files.get(path)!.set(other.subarray(begin), begin);
    const { problems } = await compared(LLAMA, files);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every((one) => one.code === 'numbers' && one.path === path)).toBe(true);
  });

  it('finds swapped gate and up projections', async () => {
    const files = copyOf(LLAMA);
    swapSlices(files.get('interleaved_q4k.bin')!, 0, 18_432, 18_432);
    expect((await compared(LLAMA, files)).problems.map(({ code }) => code)).toContain('numbers');
  });

  it('finds swapped experts', async () => {
    const files = copyOf(GEMMA);
    swapSlices(files.get('layers/layer_00.weights')!, 152, 152 + 46_080, 46_080);
    expect((await compared(GEMMA, files)).problems.map(({ path }) => path)).toContain('layers/layer_00.weights');
  });

  it.each(['attn_weights_q4k.bin', 'interleaved_q4k.bin', 'layers/layer_00.weights'])('finds zeros in %s', async (path) => {
    const files = copyOf(GEMMA);
    files.get(path)!.fill(0, 152);
    expect((await compared(GEMMA, files)).problems.map(({ code }) => code)).toContain('numbers');
  });

  it('finds scales that are not numbers', async () => {
    const files = copyOf(LLAMA);
    files.get('lm_head_q4.bin')!.fill(0xff);
    const { problems } = await compared(LLAMA, files);
    expect(problems[0]?.message).toMatch(/infinitely/);
  });

  it('finds two block layouts in one vindex', async () => {
    const files = copyOf(LLAMA);
    files.set('interleaved_q4k.bin', tinyVindex(tinyLlama(), extractOptions('q4k'), 'planar').files.get('interleaved_q4k.bin')!);
    const { blocks, problems } = await compared(LLAMA, files);
    expect(blocks).toBeNull();
    expect(problems.map(({ code }) => code)).toEqual(['block-generation']);
  });
});

describe('a model of any shape', () => {
  const small = fc.integer({ min: 1, max: 40 });
  const shape = fc.record({
    hidden: fc.integer({ min: 1, max: 300 }),
    intermediate: small,
    layers: fc.integer({ min: 1, max: 3 }),
    vocabulary: fc.constant(64),
    heads: fc.constantFrom(2, 4),
    keyValueHeads: fc.constantFrom(1, 2),
    headDimension: fc.integer({ min: 1, max: 80 }),
  });

  it('has a valid vindex whose numbers match', async () => {
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.constantFrom('F32' as const, 'BF16' as const),
        fc.constantFrom('q4k' as const, 'none' as const),
        async (one, dtype, quant) => {
          const vindex = tinyVindex(tinyLlama(dtype, one), extractOptions(quant));
          expect(await validateVindex(readerOf(vindex.files), vindex.layout, 'tiny/model')).toEqual([]);
          expect(await compared(vindex)).toMatchObject({ problems: [] });
        },
      ),
      { numRuns: runs(25) },
    );
  });
});

describe('the error of a row', () => {
  const row = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 256, maxLength: 512 });
  const size = fc.integer({ min: -16, max: 8 });

  it.each(['Q4_K', 'Q6_K'] as const)('stays within the tolerance of %s for any numbers of any size', (format) => {
    fc.assert(
      fc.property(row, size, fc.constantFrom<BlockLayout>('planar', 'interleaved'), (values, exponent, layout) => {
        const source = Float32Array.from(values, (value) => value * 2 ** exponent);
        expect(rowError(format, quantiseRow(format, source, layout), source, layout)).toBeLessThan(1);
      }),
    );
  });

  it.each(['Q4_K', 'Q6_K'] as const)('exceeds the tolerance of %s for another row, and for Q6_K in the other layout', (format) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const normal = (at: number, part: number): number => Math.sin(at * 12.9898 + seed * 0.37 + part) * Math.cos(at * 78.233 + part * 3);
        const [one, other] = [0, 1].map((part) => Float32Array.from({ length: 512 }, (_, at) => normal(at, part)));
        const stored = quantiseRow(format, one!, 'planar');
        expect(rowError(format, stored, other!, 'planar')).toBeGreaterThan(2);
        if (format === 'Q6_K') expect(rowError(format, stored, one!, 'interleaved')).toBeGreaterThan(2);
      }),
    );
  });
});
