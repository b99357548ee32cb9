/** Converts IEEE half precision (safetensors' F16, and the scales of GGML's blocks) exactly to a double. */
export const halfToNumber = (bits: number): number => {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** Reads the little-endian half at a byte offset. */
export const halfAt = (bytes: Uint8Array, at: number): number => halfToNumber((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
