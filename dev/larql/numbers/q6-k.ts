import { clamp, fround, inverse, largestMagnitude, roundAway } from './arithmetic.js';
import { halfBits } from './half.js';

/** Numbers and bytes of a block: 256 times four low bits, then two high bits, 16 scales of eight bits, an F16 (GGML, `block_q6_K`). */
export const Q6_K = { numbers: 256, bytes: 210 } as const;
const PARTS = 16;
const PART = 16;
const HIGH = 128;
const SCALES = 192;
const SCALE = 208;

/** Returns the bit position of number `at`: `early` larqls put neighbours side by side, GGML puts numbers 32 apart into one byte. */
const bitPosition = (at: number, layout: 'early' | 'ggml'): { low: number; lowShift: number; high: number; highShift: number } => {
  if (layout === 'early') return { low: at >> 1, lowShift: (at & 1) * 4, high: at >> 2, highShift: (at & 3) * 2 };
  const half = at >> 7;
  const quarter = (at >> 5) & 3;
  const within = at & 31;
  return { low: half * 64 + (quarter & 1) * 32 + within, lowShift: (quarter >> 1) * 4, high: half * 32 + within, highShift: quarter * 2 };
};

/** Encodes one block: `number = d × scale × (code − 32)`. */
export const encodeQ6K = (numbers: Float32Array, bytes: Uint8Array, layout: 'early' | 'ggml'): void => {
  const d = fround(largestMagnitude(numbers) / (31 * 127));
  bytes.fill(0, 0, Q6_K.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, Q6_K.bytes);
  view.setUint16(SCALE, halfBits(d, true), true);
  for (let part = 0; part < PARTS; part += 1) {
    const values = numbers.subarray(part * PART, (part + 1) * PART);
    const scale = d > 0 ? clamp(roundAway(fround(largestMagnitude(values) / fround(31 * d))), -128, 127) : 0;
    view.setInt8(SCALES + part, scale);
    const inverted = inverse(fround(d * scale), 1e-10);
    for (const [within, value] of values.entries()) {
      const code = clamp(roundAway(fround(value * inverted)), -32, 31) + 32;
      const { low, lowShift, high, highShift } = bitPosition(part * PART + within, layout);
      bytes[low] = (bytes[low] ?? 0) | ((code & 15) << lowShift);
      bytes[HIGH + high] = (bytes[HIGH + high] ?? 0) | ((code >> 4) << highShift);
    }
  }
};
