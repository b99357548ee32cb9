import { clamp, fround, inverse, largestMagnitude, roundAway } from './arithmetic.js';
import { halfBits } from './half.js';

/** Numbers and bytes of a block: an F16 scale and 32 nibbles (GGML, `block_q4_0`). */
export const Q4_0 = { numbers: 32, bytes: 18 } as const;

/** Encodes one block: `number = d × (code − 8)`. `early` larqls put neighbours into one byte, GGML puts numbers 16 apart. */
export const encodeQ40 = (numbers: Float32Array, bytes: Uint8Array, layout: 'early' | 'ggml'): void => {
  const d = fround(largestMagnitude(numbers) / 7);
  const inverted = inverse(d);
  const codes = Array.from(numbers, (value) => clamp(roundAway(fround(value * inverted)) + 8, 0, 15));
  new DataView(bytes.buffer, bytes.byteOffset, Q4_0.bytes).setUint16(0, halfBits(d), true);
  for (let at = 0; at < Q4_0.numbers / 2; at += 1) {
    const [low, high] = layout === 'early' ? [codes[at * 2], codes[at * 2 + 1]] : [codes[at], codes[at + 16]];
    bytes[2 + at] = (low ?? 0) | ((high ?? 0) << 4);
  }
};
