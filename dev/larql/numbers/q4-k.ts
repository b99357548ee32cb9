import { clamp, fround, inverse, roundAway } from './arithmetic.js';
import { halfBits } from './half.js';

/** Numbers and bytes of a block: two F16 scales, eight pairs of six bits, 256 nibbles (GGML, `block_q4_K`). */
export const Q4_K = { numbers: 256, bytes: 144 } as const;
const PARTS = 8;
const PART = 32;

interface Part {
  /** In multiples of the block's scales: `number = d × scale × code − dmin × minimum`. */
  readonly scale: number;
  readonly minimum: number;
}

/** Packs eight pairs of six bits into twelve bytes. The low bits of the last four pairs are apart from their two high bits. */
const packParts = (parts: readonly Part[], bytes: Uint8Array): void => {
  for (let at = 0; at < PARTS / 2; at += 1) {
    const near = parts[at];
    const far = parts[at + PARTS / 2];
    if (near === undefined || far === undefined) continue;
    bytes[at] = near.scale | ((far.scale >> 4) << 6);
    bytes[at + 4] = near.minimum | ((far.minimum >> 4) << 6);
    bytes[at + 8] = (far.scale & 15) | ((far.minimum & 15) << 4);
  }
};

const codesOf = (part: Float32Array, scale: number, minimum: number): number[] => {
  const inverted = inverse(scale);
  return Array.from(part, (value) => clamp(roundAway(fround(fround(value + minimum) * inverted)), 0, 15));
};

/** Encodes one block. Each part is scaled by its own range, which always includes zero. */
export const encodeQ4K = (numbers: Float32Array, bytes: Uint8Array): void => {
  const parts = Array.from({ length: PARTS }, (_, at) => numbers.subarray(at * PART, (at + 1) * PART));
  const ranges = parts.map((part) => {
    const low = part.reduce((a, b) => Math.min(a, b), 0);
    return { low, width: fround(part.reduce((a, b) => Math.max(a, b), 0) - low) };
  });
  const d = fround(Math.max(...ranges.map(({ width }) => width)) / (15 * 63));
  // Subtract from zero, so that no minus sign is written if no number is below zero.
  const dmin = fround((0 - Math.min(...ranges.map(({ low }) => low))) / 63);
  const scaled = ranges.map(({ low, width }): Part => ({
    scale: d > 0 ? clamp(roundAway(fround(width / fround(15 * d))), 0, 63) : 0,
    minimum: dmin > 0 ? clamp(roundAway(fround(-low / dmin)), 0, 63) : 0,
  }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, Q4_K.bytes);
  view.setUint16(0, halfBits(d, true), true);
  view.setUint16(2, halfBits(dmin, true), true);
  packParts(scaled, bytes.subarray(4, 16));
  const codes = parts.map((part, at) => codesOf(part, fround(d * (scaled[at]?.scale ?? 0)), fround(dmin * (scaled[at]?.minimum ?? 0))));
  // Two parts share 32 bytes: one in the low nibbles, the next in the high ones.
  for (let at = 0; at < Q4_K.numbers / 2; at += 1) {
    const pair = Math.floor(at / PART) * 2;
    bytes[16 + at] = (codes[pair]?.[at % PART] ?? 0) | ((codes[pair + 1]?.[at % PART] ?? 0) << 4);
  }
};
