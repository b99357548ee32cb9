import { decodeQ4K, decodeQ6K, type BlockLayout, type Decoded } from './quant-blocks.js';
import { sourceFloats } from './source-floats.js';
import type { StoredFormat } from './stored-tensor.js';

/** F16 has eleven bits of precision; larql's conversions may truncate instead of round, and some lose subnormals. */
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
 * Returns the distance of a stored row from its source in tolerances: the root mean square of the differences divided by
 * that of the tolerances of the format. Correct rows of blocks have about a third; rows of another tensor, or decoded in
 * the wrong layout, have four or more. Padding is compared with zeros.
 *
 * @returns 0 if both are equal; infinity if a value is NaN
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
