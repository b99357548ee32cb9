import { runAll } from '../../../core/run-all.js';
import type { Sha256 } from '../../../core/ids.js';
import { fetchPlan, type FetchPlan } from '../../../formats/mtp/fetch-plan.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import type { FetchRange } from '../../../formats/ranges.js';
import { readInPieces, type DoubleRead, type NamedRange, type Reading } from '../double-read.js';
import { digestParts } from './digest-parts.js';
import type { Extent } from './journal.js';

const RANGES_IN_FLIGHT = 4;

/** The input bytes of a slab, with their digest in the first reading. */
interface Expected extends NamedRange {
  readonly slab: OutputSlab;
  readonly sha256: Sha256;
}

/** A range to read again, with the parts of it that slabs need. */
interface Reread {
  readonly range: FetchRange;
  readonly parts: readonly Expected[];
}

const contains = (range: FetchRange, part: FetchRange | null): part is FetchRange =>
  part !== null && part.file === range.file && range.begin <= part.begin && part.end <= range.end;

/** Returns every range of a plan, with the parts that slabs need. */
const rereadsOf = ({ spans }: FetchPlan, extents: ReadonlyMap<OutputSlab, Extent>): Reread[] =>
  spans.flatMap((span) => {
    const known = span.slabs.flatMap((slab) => {
      const extent = extents.get(slab);
      return extent === undefined ? [] : [{ slab, extent }];
    });
    const weights = known.map(({ slab, extent }): Expected => ({
      ...slab.weight,
      slab,
      sha256: extent.weight,
      what: slab.output.source.name,
    }));
    const scales = span.scales.map((range): Reread => ({
      range,
      parts: known.flatMap(({ slab, extent: { scale } }): Expected[] =>
        contains(range, slab.scale) && scale !== null
          ? [{ ...slab.scale, slab, sha256: scale, what: slab.output.quantised?.scales.tensor.name ?? slab.output.source.name }]
          : [],
      ),
    }));
    return [{ range: span, parts: weights }, ...scales];
  });

export interface ReadAgainParts {
  readonly slabs: readonly OutputSlab[];
  readonly extents: ReadonlyMap<OutputSlab, Extent>;
  readonly reading: DoubleRead;
  /** Called for each slab once all its inputs were read again and are the same. */
  readonly onAgreed: (slab: OutputSlab) => Promise<void>;
  /** Called with the byte count of each chunk. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

async function* counted(bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    onBytes(chunk.byteLength);
    yield chunk;
  }
}

/**
 * Reads all inputs of the slabs again, over other connections and split at other offsets, and compares them with the first
 * reading. A third reading decides any difference.
 *
 * @returns the slabs whose first reading was wrong
 * @throws SwpError `mtp/source-differs`
 */
export const readAgain = async (parts: ReadAgainParts): Promise<ReadonlySet<OutputSlab>> => {
  const { slabs, extents, reading, onAgreed, onBytes } = parts;
  const wrongSlabs = new Set<OutputSlab>();
  const rereads = rereadsOf(fetchPlan(slabs), extents);
  const pending = new Map<OutputSlab, number>();
  for (const { slab } of rereads.flatMap((reread) => reread.parts)) pending.set(slab, (pending.get(slab) ?? 0) + 1);

  const settlePart = (part: Expected, second: Reading, signal: AbortSignal): Promise<'first' | 'second'> => {
    const first: Reading = { sha256: part.sha256, requests: extents.get(part.slab)?.requests ?? [] };
    return reading.settle(part, first, second, async () => {
      const requests: string[] = [];
      const stream = readInPieces(reading.readerOf(3, part.file), part, 3, signal, (id) => requests.push(id));
      const [sha256 = second.sha256] = await digestParts(stream, part.begin, [part]);
      return { sha256, requests };
    });
  };
  const compare = async ({ range, parts: expected }: Reread, signal: AbortSignal): Promise<void> => {
    const requests: string[] = [];
    const stream = readInPieces(reading.readerOf(2, range.file), range, 2, signal, (id) => requests.push(id));
    const digests = await digestParts(counted(stream, onBytes), range.begin, expected);
    for (const [at, part] of expected.entries()) {
      const sha256 = digests[at] ?? part.sha256;
      if (sha256 !== part.sha256 && (await settlePart(part, { sha256, requests }, signal)) === 'second') wrongSlabs.add(part.slab);
      const remaining = (pending.get(part.slab) ?? 0) - 1;
      pending.set(part.slab, remaining);
      if (remaining === 0 && !wrongSlabs.has(part.slab)) await onAgreed(part.slab);
    }
  };
  await runAll(rereads, compare, { concurrency: RANGES_IN_FLIGHT, signal: parts.signal });
  return wrongSlabs;
};
