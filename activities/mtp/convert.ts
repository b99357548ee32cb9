import { sha256Of } from '../../plan/canonical.js';
import type { Sha256 } from '../../core/ids.js';
import { decodeSlab, type Slab } from '../../formats/numbers/decode.js';

/** One slab with all that decoding it takes; plain data, so that a thread can be given it. */
export interface ConvertTask {
  readonly slab: Slab | null;
  readonly weight: Uint8Array<ArrayBuffer>;
  readonly scale: Uint8Array<ArrayBuffer> | null;
}

export interface Converted {
  readonly output: Uint8Array<ArrayBuffer>;
  readonly sha256: Sha256;
  readonly weightSha256: Sha256;
  readonly scaleSha256: Sha256 | null;
}

/** Decodes a slab, or passes it through, and takes the digests of what came in and what goes out. */
export const convert = ({ slab, weight, scale }: ConvertTask): Converted => {
  const weightSha256 = sha256Of(weight);
  if (slab === null) return { output: weight, sha256: weightSha256, weightSha256, scaleSha256: null };
  const values = decodeSlab(slab, weight, scale ?? new Uint8Array());
  const output = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { output, sha256: sha256Of(output), weightSha256, scaleSha256: scale === null ? null : sha256Of(scale) };
};
