const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/**
 * Returns the F16 bits of an F32, truncated and not rounded, as larql does. larql has two encoders: the one for whole tensors
 * writes numbers below 2^-14 as zero, the one for block scales keeps them.
 */
export const halfBits = (value: number, keepsSubnormal = false): number => {
  float[0] = value;
  const bits = word[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  const mantissa = bits & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent > 0) return sign | (exponent << 10) | (mantissa >>> 13);
  const shift = 14 - exponent;
  return !keepsSubnormal || shift >= 24 ? sign : sign | ((mantissa | 0x800000) >>> shift);
};

export const encodeHalves = (values: Float32Array): Uint8Array => {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) view.setUint16(at * 2, halfBits(value), true);
  return bytes;
};

export const decodeHalf = (bits: number): number => {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};
