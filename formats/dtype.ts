/**
 * The dtypes of safetensors with their size in bits, in the order of the reference implementation's enum
 * (safetensors/src/tensor.rs, `Dtype`): its writer sorts tensors by it, descending.
 */
export const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof DTYPE_BITS;

const RANK = new Map(Object.keys(DTYPE_BITS).map((dtype, rank) => [dtype, rank]));

export const isDtype = (name: string): name is Dtype => RANK.has(name);

/** Returns the rank of a dtype in the reference order; tensors with a higher rank are written first. */
export const dtypeRank = (dtype: Dtype): number => RANK.get(dtype) ?? 0;

/** Returns the size of a tensor in bytes, or null if it is not a whole number of bytes or not a safe integer. */
export const tensorBytes = (dtype: Dtype, shape: readonly number[]): number | null => {
  let elements = 1;
  for (const dimension of shape) {
    elements *= dimension;
    if (!Number.isSafeInteger(elements)) return null;
  }
  const bits = elements * DTYPE_BITS[dtype];
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : null;
};
