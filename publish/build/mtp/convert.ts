import type { Sha256 } from '../../../core/ids.js';
import { codeBytes, decodeSlab, scaleBytes, type Slab, type SlabShape } from '../../../formats/numbers/decode.js';
import { sha256Of } from '../../../core/digests.js';

/** One slab with all that decoding it takes; plain data, so that a thread can be given it. */
export interface ConvertTask {
  /** Output, weight and scales, one after another; a weight that is not decoded is the output. */
  readonly room: ArrayBuffer;
  /** Bytes of output. */
  readonly size: number;
  readonly slab: Slab | null;
}

export interface Converted {
  /** The task's, with the output at its beginning. */
  readonly room: ArrayBuffer;
  readonly sha256: Sha256;
  readonly weightSha256: Sha256;
  readonly scaleSha256: Sha256 | null;
}

/** Where in its room a slab keeps what. */
export const placesIn = (room: ArrayBuffer, size: number, slab: SlabShape | null) => {
  const output = new Uint8Array(room, 0, size);
  if (slab === null) return { output, weight: output, scale: new Uint8Array(room, size, 0) };
  const weight = new Uint8Array(room, size, codeBytes(slab));
  return { output, weight, scale: new Uint8Array(room, size + weight.byteLength, scaleBytes(slab)) };
};

/** Decodes a slab, or passes it through, and takes the digests of what came in and what goes out. */
export const convert = ({ room, size, slab }: ConvertTask): Converted => {
  const { output, weight, scale } = placesIn(room, size, slab);
  const weightSha256 = sha256Of(weight);
  if (slab === null) return { room, sha256: weightSha256, weightSha256, scaleSha256: null };
  decodeSlab(slab, weight, scale, new Uint16Array(room, 0, size / 2));
  return { room, sha256: sha256Of(output), weightSha256, scaleSha256: sha256Of(scale) };
};
