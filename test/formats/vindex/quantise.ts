import type { BlockLayout } from '../../../formats/vindex/quant-blocks.js';

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(value)));

/** Truncates to half precision, as larql's own conversion does. */
export const toHalf = (value: number): number => {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size < 2 ** -14) return sign | Math.floor(size / 2 ** -24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | Math.floor((size / 2 ** exponent - 1) * 1024);
};

const putHalf = (bytes: Uint8Array, at: number, value: number): void => {
  const bits = toHalf(value);
  bytes.set([bits & 0xff, bits >> 8], at);
};

const q4kBlock = (values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(144);
  const parts = Array.from({ length: 8 }, (_, part) => values.slice(part * 32, part * 32 + 32));
  const least = parts.map((part) => Math.min(0, ...part));
  const ranges = parts.map((part, at) => Math.max(0, ...part) - least[at]!);
  const d = Math.max(...ranges) / (15 * 63);
  const minimum = -Math.min(...least) / 63;
  putHalf(bytes, 0, d);
  putHalf(bytes, 2, minimum);
  const scales = ranges.map((range) => (d > 0 ? clamp(range / (15 * d), 0, 63) : 0));
  const minima = least.map((low) => (minimum > 0 ? clamp(-low / minimum, 0, 63) : 0));
  for (let at = 0; at < 4; at += 1) {
    bytes[4 + at] = scales[at]! | ((scales[at + 4]! >> 4) << 6);
    bytes[8 + at] = minima[at]! | ((minima[at + 4]! >> 4) << 6);
    bytes[12 + at] = (scales[at + 4]! & 15) | ((minima[at + 4]! & 15) << 4);
  }
  for (const [part, numbers] of parts.entries())
    for (const [at, value] of numbers.entries()) {
      const step = d * scales[part]!;
      const code = step > 0 ? clamp((value + minimum * minima[part]!) / step, 0, 15) : 0;
      bytes[16 + (part >> 1) * 32 + at]! |= code << ((part % 2) * 4);
    }
  return bytes;
};

const q6kBlock = (values: readonly number[], layout: BlockLayout): Uint8Array => {
  const bytes = new Uint8Array(210);
  const d = Math.max(...values.map(Math.abs)) / (31 * 127);
  for (const [at, value] of values.entries()) {
    const part = values.slice((at >> 4) * 16, (at >> 4) * 16 + 16);
    const scale = d > 0 ? clamp(Math.max(...part.map(Math.abs)) / (31 * d), -128, 127) : 0;
    const code = (scale === 0 ? 0 : clamp(value / (d * scale), -32, 31)) + 32;
    bytes[192 + (at >> 4)] = scale & 0xff;
    const half = at >> 7;
    const quarter = (at >> 5) & 3;
    const column = at & 31;
    if (layout === 'interleaved') {
      bytes[at >> 1]! |= (code & 15) << ((at & 1) * 4);
      bytes[128 + (at >> 2)]! |= (code >> 4) << ((at & 3) * 2);
    } else {
      bytes[half * 64 + (quarter & 1) * 32 + column]! |= (code & 15) << ((quarter >> 1) * 4);
      bytes[128 + half * 32 + column]! |= (code >> 4) << (quarter * 2);
    }
  }
  putHalf(bytes, 208, d);
  return bytes;
};

/** One row in Q4_K or Q6_K by larql's formulas, padded to whole blocks. */
export const quantiseRow = (format: 'Q4_K' | 'Q6_K', row: ArrayLike<number>, layout: BlockLayout): Uint8Array => {
  const padded = Array.from({ length: Math.ceil(row.length / 256) * 256 }, (_, at) => row[at] ?? 0);
  const blocks = Array.from({ length: padded.length / 256 }, (_, at) => padded.slice(at * 256, at * 256 + 256));
  return Buffer.concat(blocks.map((block) => (format === 'Q4_K' ? q4kBlock(block) : q6kBlock(block, layout))));
};
