import { createHash, type Hash } from 'node:crypto';
import { SwpError } from '../../../core/error.js';
import { Sha256 } from '../../../core/ids.js';

interface Part {
  readonly begin: number;
  readonly end: number;
}

/**
 * Computes the SHA-256 of parts of a stream. Parts may overlap.
 *
 * @param position file offset of the stream's first byte; the offsets of parts are in the same file
 * @returns the digests in the order of the parts
 * @throws SwpError `build/short-range`
 */
export const digestParts = async (bytes: AsyncIterable<Uint8Array>, position: number, parts: readonly Part[]): Promise<Sha256[]> => {
  const digests = new Map<Part, Sha256>();
  const pending = parts.toSorted((a, b) => b.begin - a.begin);
  let active: { readonly part: Part; readonly hash: Hash }[] = [];
  let chunkBegin = position;
  for await (const chunk of bytes) {
    const chunkEnd = chunkBegin + chunk.byteLength;
    for (let next = pending.at(-1); next !== undefined && next.begin < chunkEnd; next = pending.at(-1)) {
      active.push({ part: next, hash: createHash('sha256') });
      pending.pop();
    }
    for (const { part, hash } of active) {
      hash.update(chunk.subarray(Math.max(0, part.begin - chunkBegin), part.end - chunkBegin));
      if (part.end <= chunkEnd) digests.set(part, Sha256.parse(hash.digest('hex')));
    }
    active = active.filter(({ part }) => part.end > chunkEnd);
    chunkBegin = chunkEnd;
  }
  return parts.map((part) => {
    const digest = digests.get(part);
    if (digest === undefined)
      throw new SwpError('unavailable', 'build/short-range', `The source ended at byte ${chunkBegin} instead of ${part.end}.`);
    return digest;
  });
};
