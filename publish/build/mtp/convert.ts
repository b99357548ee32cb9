import type { Sha256 } from '../../../core/ids.js';
import { codeBytes, decodeSlab, scaleBytes, type Slab, type SlabShape } from '../../../formats/numbers/decode.js';
import { sha256Of } from '../../../core/digests.js';

/** One slab with everything that its decoding needs. Plain data, so that it can be sent to a thread. */
export interface ConvertTask {
  /** Holds output, weight and scales, in this order. A weight that needs no decoding is the output. */
  readonly buffer: ArrayBuffer;
  /** Size of the output in bytes. */
  readonly size: number;
  readonly slab: Slab | null;
}

export interface Converted {
  /** The task's buffer, with the output at its start. */
  readonly buffer: ArrayBuffer;
  readonly sha256: Sha256;
  readonly weightSha256: Sha256;
  readonly scaleSha256: Sha256 | null;
}

/** Returns views of a slab's output, weight and scales in its buffer. */
export const viewsOf = (buffer: ArrayBuffer, size: number, slab: SlabShape | null) => {
  const output = new Uint8Array(buffer, 0, size);
  if (slab === null) return { output, weight: output, scale: new Uint8Array(buffer, size, 0) };
  const weight = new Uint8Array(buffer, size, codeBytes(slab));
  return { output, weight, scale: new Uint8Array(buffer, size + weight.byteLength, scaleBytes(slab)) };
};

/** Decodes a slab, or passes it through, and computes the digests of its input and output. */
export const convert = ({ buffer, size, slab }: ConvertTask): Converted => {
  const { output, weight, scale } = viewsOf(buffer, size, slab);
  const weightSha256 = sha256Of(weight);
  if (slab === null) return { buffer, sha256: weightSha256, weightSha256, scaleSha256: null };
  decodeSlab(slab, weight, scale, new Uint16Array(buffer, 0, size / 2));
  return { buffer, sha256: sha256Of(output), weightSha256, scaleSha256: sha256Of(scale) };
};
