import { decodeQ4K, decodeQ6K, type BlockLayout, type Decoded } from './quant-blocks.js';
import { sourceFloats } from './source-floats.js';
import type { StoredFormat } from './stored-tensor.js';

/** F16 has eleven bits; larql's conversions may cut instead of round, and some lose subnormals. */
const F16_ERROR = 2 ** -10;
const F16_SUBNORMAL = 2 ** -14;

const decodeRow = (format: StoredFormat, bytes: Uint8Array, layout: BlockLayout): Decoded => {
  if (format === 'Q4_K') return decodeQ4K(bytes);
  if (format === 'Q6_K') return decodeQ6K(bytes, layout);
  const values = sourceFloats(format, bytes);
  const tolerances = values.map((value) => (format === 'F32' ? 0 : Math.abs(value) * F16_ERROR + F16_SUBNORMAL));
  return { values, tolerances };
};

/**
 * How far a stored row is from its source, in tolerances: the root mean square of the differences over that of
 * what the format allows. Right rows of blocks come to about a third; rows of another tensor, or decoded in the
 * wrong layout, to four and more. Padding counts as zeros of the source.
 *
 * @returns a number, 0 where both are equal; infinite where a number is none
 */
export const rowError = (format: StoredFormat, stored: Uint8Array, source: Float32Array, layout: BlockLayout): number => {
  const { values, tolerances } = decodeRow(format, stored, layout);
  let difference = 0;
  let allowed = 0;
  for (const [at, value] of values.entries()) {
    difference += (value - (source[at] ?? 0)) ** 2;
    allowed += (tolerances[at] ?? 0) ** 2;
  }
  if (difference === 0) return 0;
  const error = Math.sqrt(difference / allowed);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
};
