import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../../dev/checkpoint/random.js';
import { padRows, quantise } from '../../../dev/larql/numbers/blocks.js';
import { decodeHalf, encodeHalves, halfBits } from '../../../dev/larql/numbers/half.js';
import { encodeQ40, Q4_0 } from '../../../dev/larql/numbers/q4-0.js';

/** Readers of blocks as GGML documents them (ggml-common.h, ggml-quants.c, `dequantize_row_*`), written independently of the writers. */
const readers = {
  Q4_K: (block: Uint8Array): number[] => {
    const [d, dmin] = [decodeHalf(block[0]! | (block[1]! << 8)), decodeHalf(block[2]! | (block[3]! << 8))];
    const packed = block.subarray(4, 16);
    const pair = (at: number): [number, number] =>
      at < 4
        ? [packed[at]! & 63, packed[at + 4]! & 63]
        : [(packed[at + 4]! & 15) | ((packed[at - 4]! >> 6) << 4), (packed[at + 4]! >> 4) | ((packed[at]! >> 6) << 4)];
    return Array.from({ length: 256 }, (_, at) => {
      const part = at >> 5;
      const byte = block[16 + (part >> 1) * 32 + (at & 31)]!;
      const [scale, minimum] = pair(part);
      return d * scale * (part & 1 ? byte >> 4 : byte & 15) - dmin * minimum;
    });
  },
  Q6_K: (block: Uint8Array): number[] => {
    const d = decodeHalf(block[208]! | (block[209]! << 8));
    const numbers = Array.from<number>({ length: 256 });
    for (let half = 0; half < 2; half += 1)
      for (let at = 0; at < 32; at += 1)
        for (let quarter = 0; quarter < 4; quarter += 1) {
          const low = block[half * 64 + (quarter & 1) * 32 + at]!;
          const high = (block[128 + half * 32 + at]! >> (quarter * 2)) & 3;
          const code = ((quarter < 2 ? low & 15 : low >> 4) | (high << 4)) - 32;
          const scale = (block[192 + half * 8 + quarter * 2 + (at >> 4)]! << 24) >> 24;
          numbers[half * 128 + quarter * 32 + at] = d * scale * code;
        }
    return numbers;
  },
};

/** The layout of larqls until August 2026: number after number. */
const readEarlyQ6K = (block: Uint8Array): number[] =>
  Array.from({ length: 256 }, (_, at) => {
    const code = ((block[at >> 1]! >> ((at & 1) * 4)) & 15) | (((block[128 + (at >> 2)]! >> ((at & 3) * 2)) & 3) << 4);
    return decodeHalf(block[208]! | (block[209]! << 8)) * ((block[192 + (at >> 4)]! << 24) >> 24) * (code - 32);
  });

const weights = (seed: number, count = 256): Float32Array => {
  const next = randomNumbers(seed);
  return Float32Array.from({ length: count }, () => (next() / 2 ** 32 - 0.5) * 0.1);
};

const largestError = (read: readonly number[], source: Float32Array): number =>
  Math.max(...read.map((value, at) => Math.abs(value - source[at]!)));

/** Numbers of many sizes; some blocks have no negative numbers. */
const sampler = (): Float32Array => {
  const next = randomNumbers(11);
  return Float32Array.from({ length: 64 * 256 }, (_, at) => {
    const value = next() / 2 ** 32 - (at % 1024 < 256 ? 0 : 0.5);
    return value * 10 ** -((at >> 8) % 6);
  });
};

const inQ40 = (numbers: Float32Array): Uint8Array => {
  const bytes = new Uint8Array((numbers.length / Q4_0.numbers) * Q4_0.bytes);
  for (let block = 0; block < numbers.length / Q4_0.numbers; block += 1)
    encodeQ40(numbers.subarray(block * Q4_0.numbers, (block + 1) * Q4_0.numbers), bytes.subarray(block * Q4_0.bytes), 'early');
  return bytes;
};

describe('bytes of the stand-in', () => {
  // Digests of the output of larql's own writers (c880fb79) for the same numbers.
  it.each([
    {
      format: 'Q4_K',
      write: (numbers: Float32Array) => quantise(numbers, 'Q4_K', 'early'),
      digest: '1cad48c2b88fd036fffbadb69c32061bd22e9cc0d72d0d25006b302b2aa8586c',
    },
    {
      format: 'Q6_K',
      write: (numbers: Float32Array) => quantise(numbers, 'Q6_K', 'early'),
      digest: 'ecd6787f3181fbff6e76453fa028be4cc185bd7d3c2859b9d96db5c02e7b01d6',
    },
    { format: 'Q4_0', write: inQ40, digest: 'de541341929a39f3763587f1b12811e62ab4e305d26686137712372bb3762a4f' },
    { format: 'F16', write: encodeHalves, digest: '623c5717f5fd2235bc93566ab7b94e56dc6b75c0944b26aa00dc3315378a9a3c' },
  ])('equal those of larql in $format', ({ write, digest }) => {
    expect(createHash('sha256').update(write(sampler())).digest('hex')).toBe(digest);
  });
});

describe('blocks of quantised weights', () => {
  const source = weights(5);

  it.each([
    { format: 'Q4_K' as const, blocks: 'early' as const, read: readers.Q4_K, bytes: 144, within: 0.1 / 15 },
    { format: 'Q4_K' as const, blocks: 'ggml' as const, read: readers.Q4_K, bytes: 144, within: 0.1 / 15 },
    { format: 'Q6_K' as const, blocks: 'early' as const, read: readEarlyQ6K, bytes: 210, within: 0.1 / 62 },
    { format: 'Q6_K' as const, blocks: 'ggml' as const, read: readers.Q6_K, bytes: 210, within: 0.1 / 62 },
  ])('hold the numbers in $format, layout $blocks', ({ format, blocks, read, bytes, within }) => {
    const block = quantise(source, format, blocks);
    expect(block.byteLength).toBe(bytes);
    expect(largestError(read(block), source)).toBeLessThan(within);
  });

  it.each([
    { format: 'Q4_K' as const, blocks: 'wrong' as const, read: readers.Q4_K },
    { format: 'Q6_K' as const, blocks: 'wrong' as const, read: readEarlyQ6K },
    { format: 'Q6_K' as const, blocks: 'early' as const, read: readers.Q6_K },
    { format: 'Q6_K' as const, blocks: 'ggml' as const, read: readEarlyQ6K },
  ])('decode to finite but wrong numbers when $format is $blocks', ({ format, blocks, read }) => {
    const numbers = read(quantise(source, format, blocks));
    expect(numbers.every((value) => Number.isFinite(value))).toBe(true);
    expect(largestError(numbers, source)).toBeGreaterThan(0.04);
  });

  it('hold only zeros for a block of zeros', () => {
    for (const [format, read] of Object.entries(readers))
      expect(read(quantise(new Float32Array(256), format as 'Q4_K', 'ggml')).every((value) => value === 0)).toBe(true);
  });

  it.each([
    { layout: 'early' as const, place: (at: number) => [at >> 1, (at & 1) * 4] as const },
    { layout: 'ggml' as const, place: (at: number) => [at & 15, (at >> 4) * 4] as const },
  ])('hold 32 numbers in Q4_0, layout $layout', ({ layout, place }) => {
    const numbers = weights(6, Q4_0.numbers);
    const block = new Uint8Array(Q4_0.bytes);
    encodeQ40(numbers, block, layout);
    const d = decodeHalf(block[0]! | (block[1]! << 8));
    const read = Array.from(numbers, (_, at) => {
      const [byte, shift] = place(at);
      return d * (((block[2 + byte]! >> shift) & 15) - 8);
    });
    expect(largestError(read, numbers)).toBeLessThan(0.05 / 7);
  });

  it('start again with every row', () => {
    const { values, rows, columns } = padRows({ values: weights(7, 3 * 100), rows: 3, columns: 100 });
    expect({ rows, columns, length: values.length }).toEqual({ rows: 3, columns: 256, length: 768 });
    expect(values.slice(356, 512).every((value) => value === 0)).toBe(true);
    expect(values.slice(256, 356)).toEqual(weights(7, 3 * 100).slice(100, 200));
  });

  it('are refused for numbers that do not fill a block', () => {
    expect(() => quantise(weights(8, 100), 'Q4_K', 'early')).toThrow('data length must be a multiple of 256');
  });
});

describe('halves', () => {
  it('are truncated, not rounded', () => {
    expect(halfBits(1 + 1023.9 / 1024)).toBe(0x3fff);
    expect(decodeHalf(halfBits(-0.1))).toBeCloseTo(-0.1, 4);
    expect(halfBits(70_000)).toBe(0x7c00);
  });

  it('keep the small scales of blocks, but not the small numbers of tensors', () => {
    expect(decodeHalf(halfBits(1e-5, true))).toBeCloseTo(1e-5, 7);
    expect(halfBits(-1e-5)).toBe(0x8000);
    expect(halfBits(1e-9, true)).toBe(0);
  });
});
