/**
 * The values of narrow number formats as tables, and the only conversion to BF16.
 *
 * Sources: OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2), OCP Microscaling Formats 1.0 (E2M1, E8M0).
 */

interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
}

/** Returns the magnitude of a code, without its sign and without regard to special codes. Every result is exact in F32. */
const magnitude = (code: number, { exponentBits, mantissaBits, bias }: FloatFormat): number => {
  const mantissa = code & ((1 << mantissaBits) - 1);
  const exponent = (code >> mantissaBits) & ((1 << exponentBits) - 1);
  return exponent === 0
    ? mantissa * 2 ** (1 - bias - mantissaBits)
    : ((1 << mantissaBits) + mantissa) * 2 ** (exponent - bias - mantissaBits);
};

const table = (length: number, valueOf: (code: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, code) => valueOf(code));

const signed = (code: number, signBit: number, value: number): number => ((code & signBit) === 0 ? value : -value);

/** E4M3FN: no infinities, NaN only at 0x7F and 0xFF, largest 448. */
export const E4M3 = table(256, (code) =>
  (code & 0x7f) === 0x7f ? Number.NaN : signed(code, 0x80, magnitude(code & 0x7f, { exponentBits: 4, mantissaBits: 3, bias: 7 })),
);

/** E5M2: as in IEEE 754, infinities at 0x7C and 0xFC, NaN above them. */
export const E5M2 = table(256, (code) => {
  const low = code & 0x7f;
  if (low > 0x7c) return Number.NaN;
  return signed(code, 0x80, low === 0x7c ? Infinity : magnitude(low, { exponentBits: 5, mantissaBits: 2, bias: 15 }));
});

/** E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives; no special codes. */
export const E2M1 = table(16, (code) => signed(code, 8, magnitude(code & 7, { exponentBits: 2, mantissaBits: 1, bias: 1 })));

/** E8M0: 2^(code - 127); 0xFF is NaN. */
export const E8M0 = table(256, (code) => (code === 0xff ? Number.NaN : 2 ** (code - 127)));

/** INT4, symmetric: code - 8. */
export const INT4 = table(16, (code) => code - 8);

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The code for every decoded NaN: the sign and payload of a computed NaN differ between machines. */
const BF16_NAN = 0x7fc0;

/** Returns the bits of the BF16 nearest to an F32, ties to even. */
export const bf16Bits = (value: number): number => {
  float[0] = value;
  const word = bits[0] ?? 0;
  if ((word & 0x7fffffff) > 0x7f800000) return BF16_NAN;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
};
