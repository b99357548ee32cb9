import { createHash, type Hash } from 'node:crypto';
import { SwpError } from '../../../core/error.js';
import { Sha256 } from '../../../core/ids.js';

interface Part {
  readonly begin: number;
  readonly end: number;
}

/**
 * SHA-256 of parts of a stream, which may overlap.
 *
 * @param position of the stream's first byte; parts are counted from the same place
 * @returns the digests in the order of the parts
 * @throws SwpError `build/short-range`
 */
export const digestParts = async (bytes: AsyncIterable<Uint8Array>, position: number, parts: readonly Part[]): Promise<Sha256[]> => {
  const digests = new Map<Part, Sha256>();
  const waiting = parts.toSorted((a, b) => b.begin - a.begin);
  let open: { readonly part: Part; readonly hash: Hash }[] = [];
  let from = position;
  for await (const chunk of bytes) {
    const until = from + chunk.byteLength;
    for (let next = waiting.at(-1); next !== undefined && next.begin < until; next = waiting.at(-1)) {
      open.push({ part: next, hash: createHash('sha256') });
      waiting.pop();
    }
    for (const { part, hash } of open) {
      hash.update(chunk.subarray(Math.max(0, part.begin - from), part.end - from));
      if (part.end <= until) digests.set(part, Sha256.parse(hash.digest('hex')));
    }
    open = open.filter(({ part }) => part.end > until);
    from = until;
  }
  return parts.map((part) => {
    const digest = digests.get(part);
    if (digest === undefined)
      throw new SwpError('unavailable', 'build/short-range', `The source ended at byte ${from} instead of ${part.end}.`);
    return digest;
  });
};
