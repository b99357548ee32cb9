import { halfAt } from './half.js';

/**
 * The layout of the codes in a Q6_K or Q4_0 block. Blocks have the same size in both layouts, and no marker in the file
 * identifies the layout.
 *
 * `planar` is GGML's own layout (ggml-common.h and `dequantize_row_*` in ggml-quants.c, which llama.cpp and gguf-py
 * read): codes that share a byte are 16, 32 or 64 apart. `interleaved` is the layout that larql wrote and read before
 * chrishayuk/larql#207, merged on 7 August 2026: codes that share a byte are neighbours
 * (stephlow/larql@c880fb79, larql-compute/src/cpu/ops/q4_common.rs, `quantize_q6_k` and `quantize_q4_0`). Each
 * generation decodes the other's blocks to garbage. Q4_K was planar in both.
 */
export type BlockLayout = 'planar' | 'interleaved';

/** The generations of programs that write a layout, as values of `SWP_LARQL_BLOCKS`. */
export const BLOCK_GENERATIONS = ['early', 'ggml'] as const;
export type BlockGeneration = (typeof BLOCK_GENERATIONS)[number];

export const generationOf = (layout: BlockLayout): BlockGeneration => (layout === 'planar' ? 'ggml' : 'early');

/** The numbers of a row, and for each one its tolerance against the original number, see {@link decodeQ4K}. */
export interface Decoded {
  readonly values: Float32Array;
  readonly tolerances: Float32Array;
}

const Q4_0_BLOCK = 32;
const SUPER_BLOCK = 256;
export const BLOCK_BYTES = { Q4_0: 18, Q4_K: 144, Q6_K: 210 } as const;

/** A subnormal half may be off by its smallest step, this one; for other scales, the step of the codes covers the error. */
const HALF_STEP = 2 ** -24;

const emptyDecoded = (bytes: Uint8Array, blockBytes: number, elements: number): Decoded => {
  const length = Math.floor(bytes.byteLength / blockBytes) * elements;
  return { values: new Float32Array(length), tolerances: new Float32Array(length) };
};

/** Returns the 6-bit scale and minimum of one of eight sub-blocks (`get_scale_min_k4` in ggml-quants.c). */
const scaleAndMinimum = (packed: Uint8Array, part: number): readonly [scale: number, minimum: number] => {
  const at = (index: number): number => packed[index] ?? 0;
  if (part < 4) return [at(part) & 63, at(part + 4) & 63];
  return [(at(part + 4) & 15) | ((at(part - 4) >> 6) << 4), (at(part + 4) >> 4) | ((at(part) >> 6) << 4)];
};

/**
 * Decodes blocks of Q4_K: `d`, `dmin`, 12 bytes of packed scales and minima, 128 bytes of codes. For each pair of
 * sub-blocks, the first is in the low nibbles and the second in the high ones.
 *
 * A tolerance is one step of the codes plus the possible rounding error of the scale and the minimum: half a unit of `d`
 * over fifteen steps, and half a unit of `dmin`. A quantiser that minimises the error stays within it on average, and so
 * does larql's, which uses the minimum and the maximum.
 */
export const decodeQ4K = (bytes: Uint8Array): Decoded => {
  const { values, tolerances } = emptyDecoded(bytes, BLOCK_BYTES.Q4_K, SUPER_BLOCK);
  for (let block = 0; block * SUPER_BLOCK < values.length; block += 1) {
    const begin = block * BLOCK_BYTES.Q4_K;
    const d = halfAt(bytes, begin);
    const minimum = halfAt(bytes, begin + 2);
    const packed = bytes.subarray(begin + 4, begin + 16);
    for (let part = 0; part < 8; part += 1) {
      const [scale, least] = scaleAndMinimum(packed, part);
      // Each product is rounded separately, as in the reference.
      const step = Math.fround(d * scale);
      const shift = Math.fround(minimum * least);
      const tolerance = Math.abs(step) + 8 * Math.abs(d) + Math.abs(minimum) + (15 * scale + least) * HALF_STEP;
      const codes = begin + 16 + (part >> 1) * 32;
      for (let index = 0; index < 32; index += 1) {
        const byte = bytes[codes + index] ?? 0;
        const code = part % 2 === 0 ? byte & 15 : byte >> 4;
        const at = block * SUPER_BLOCK + part * 32 + index;
        values[at] = Math.fround(step * code) - shift;
        tolerances[at] = tolerance;
      }
    }
  }
  return { values, tolerances };
};

/** Returns the position of an element's code: byte and shift of its low four bits, byte and shift of its high two. */
const q6Place = (layout: BlockLayout, element: number): readonly [number, number, number, number] => {
  if (layout === 'interleaved') return [element >> 1, (element & 1) * 4, element >> 2, (element & 3) * 2];
  const half = element >> 7;
  const quarter = (element >> 5) & 3;
  const index = element & 31;
  return [half * 64 + (quarter & 1) * 32 + index, (quarter >> 1) * 4, half * 32 + index, quarter * 2];
};

const Q6_PLACES: Readonly<Record<BlockLayout, readonly (readonly [number, number, number, number])[]>> = {
  planar: Array.from({ length: SUPER_BLOCK }, (_, element) => q6Place('planar', element)),
  interleaved: Array.from({ length: SUPER_BLOCK }, (_, element) => q6Place('interleaved', element)),
};

/**
 * Decodes blocks of Q6_K: 128 bytes of low nibbles, 64 bytes of high pairs of bits, sixteen signed scales, `d`. The scales
 * have the same order in both layouts.
 */
export const decodeQ6K = (bytes: Uint8Array, layout: BlockLayout): Decoded => {
  const { values, tolerances } = emptyDecoded(bytes, BLOCK_BYTES.Q6_K, SUPER_BLOCK);
  for (let block = 0; block * SUPER_BLOCK < values.length; block += 1) {
    const begin = block * BLOCK_BYTES.Q6_K;
    const d = halfAt(bytes, begin + 208);
    for (const [element, [low, lowShift, high, highShift]] of Q6_PLACES[layout].entries()) {
      const scale = ((bytes[begin + 192 + (element >> 4)] ?? 0) << 24) >> 24;
      const code = (((bytes[begin + low] ?? 0) >> lowShift) & 15) | ((((bytes[begin + 128 + high] ?? 0) >> highShift) & 3) << 4);
      const at = block * SUPER_BLOCK + element;
      const step = Math.fround(d * scale);
      values[at] = step * (code - 32);
      tolerances[at] = Math.abs(step) + 16 * Math.abs(d) + 32 * Math.abs(scale) * HALF_STEP;
    }
  }
  return { values, tolerances };
};

/**
 * Decodes blocks of Q4_0: `d` and 16 bytes of codes. Older versions of larql flush subnormal scales to zero, which is
 * tolerated.
 */
export const decodeQ40 = (bytes: Uint8Array, layout: BlockLayout): Decoded => {
  const { values, tolerances } = emptyDecoded(bytes, BLOCK_BYTES.Q4_0, Q4_0_BLOCK);
  for (let block = 0; block * Q4_0_BLOCK < values.length; block += 1) {
    const begin = block * BLOCK_BYTES.Q4_0;
    const d = halfAt(bytes, begin);
    for (let element = 0; element < Q4_0_BLOCK; element += 1) {
      const planar = layout === 'planar';
      const byte = bytes[begin + 2 + (planar ? element & 15 : element >> 1)] ?? 0;
      const shift = (planar ? element >> 4 : element & 1) * 4;
      const at = block * Q4_0_BLOCK + element;
      values[at] = d * (((byte >> shift) & 15) - 8);
      tolerances[at] = Math.abs(d) + (d === 0 ? 8 * 2 ** -14 : 8 * HALF_STEP);
    }
  }
  return { values, tolerances };
};
