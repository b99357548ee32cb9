import { downMetaLayer } from './layout.js';

/** The numerical difference between two `down_meta.bin` that describe the same features. */
export interface DownMetaDifference {
  readonly scores: number;
  /** Scores that differ in any bit. */
  readonly different: number;
  /** The largest absolute difference of two scores. */
  readonly largest: number;
  /** Positions with a different token: if scores are nearly equal, their last bits decide the order. */
  readonly tokens: number;
}

/** Reads bytes of a file from `begin` to `end`, which is exclusive. */
export type ReadBytes = (begin: number, end: number) => Promise<Uint8Array>;

const HEADER = 16;
const TOP_K_AT = 12;
/** Bytes of a token and its score. */
const PAIR = 8;
/** Bytes per read, a multiple of a pair. */
const BLOCK = 1 << 20;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Compares pairs of token and score; returns false if two different scores have no finite difference. */
const comparePairs = (left: DataView, right: DataView, sum: { different: number; largest: number; tokens: number }): boolean => {
  for (let at = 0; at < left.byteLength; at += PAIR) {
    if (left.getUint32(at, true) !== right.getUint32(at, true)) sum.tokens += 1;
    if (left.getUint32(at + 4, true) === right.getUint32(at + 4, true)) continue;
    const difference = Math.abs(left.getFloat32(at + 4, true) - right.getFloat32(at + 4, true));
    if (!Number.isFinite(difference)) return false;
    sum.different += 1;
    sum.largest = Math.max(sum.largest, difference);
  }
  return true;
};

/**
 * Compares two `down_meta.bin` of the same size, number by number (the format: `check-down-meta.ts`). Another BLAS splits
 * sums differently, which changes the last bits of scores, and the order of tokens with nearly equal scores.
 *
 * @param size the size of both files, in bytes
 * @returns null for a difference that sums do not explain: in the header, the features, or a score that is not a number
 */
export const compareDownMeta = async (left: ReadBytes, right: ReadBytes, size: number): Promise<DownMetaDifference | null> => {
  const both = async (begin: number, end: number) => {
    const [a, b] = await Promise.all([left(begin, end), right(begin, end)]);
    return { a, b, same: Buffer.compare(a, b) === 0 };
  };
  if (size < HEADER) return null;
  const header = await both(0, HEADER);
  if (!header.same) return null;
  const topK = viewOf(header.a).getUint32(TOP_K_AT, true);
  const sum = { different: 0, largest: 0, tokens: 0 };
  let scores = 0;
  for (let layer = HEADER; layer < size;) {
    if (layer + 4 > size) return null;
    const count = await both(layer, layer + 4);
    const end = layer + downMetaLayer(viewOf(count.a).getUint32(0, true), topK);
    if (!count.same || end > size) return null;
    scores += (end - layer - 4) / PAIR;
    for (let at = layer + 4; at < end; at += BLOCK) {
      const { a, b, same } = await both(at, Math.min(end, at + BLOCK));
      if (!same && !comparePairs(viewOf(a), viewOf(b), sum)) return null;
    }
    layer = end;
  }
  return { scores, ...sum };
};
