import { createHash } from 'node:crypto';
import { collectBytes } from '../../core/collect-bytes.js';
import { SwpError } from '../../core/error.js';
import { Sha256 } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import type { RangeReader } from '../../hub/read/range.js';
import type { SourceFacts } from '../../plan/facts.js';
import { connectSource, type SourceReaders } from './source-readers.js';

/** A byte range of a source file, with a name for error messages. */
export interface NamedRange {
  readonly file: string;
  readonly begin: number;
  readonly end: number;
  readonly what: string;
}

/** The result of reading a range once. */
export interface Reading {
  readonly sha256: Sha256;
  /** Ids of the requests that returned its bytes. */
  readonly requests: readonly string[];
}

/**
 * Reads a range in `pieces` sequential requests. Each reading splits the range at other offsets, so that a fault at a fixed
 * offset of every response corrupts other bytes in each reading.
 */
export async function* readInPieces(
  reader: RangeReader,
  { begin, end }: Pick<NamedRange, 'begin' | 'end'>,
  pieces: number,
  signal: AbortSignal,
  onRequest?: (id: string) => void,
): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < pieces; piece += 1) {
    const cut = (at: number): number => begin + Math.floor(((end - begin) * at) / pieces);
    if (cut(piece) < cut(piece + 1)) yield* reader.read(cut(piece), cut(piece + 1), signal, onRequest);
  }
}

const HINT =
  'Nothing was published. Check the path between this host and the Hub (a proxy, the network card, memory), then retry or move to another host.';

/**
 * Proves ranges of one source by reading them twice, with a third reading to decide. Each reading has its own
 * connections.
 */
export class DoubleRead {
  private readonly readings = new Map<1 | 2 | 3, SourceReaders>();

  /**
   * @param code error code when all three readings of a range differ; also the code of the retry report when two agree
   * @param advice text appended to the error's hint
   */
  constructor(
    private readonly hub: Hub,
    private readonly source: Pick<SourceFacts, 'repo' | 'commit' | 'files'>,
    private readonly code: string,
    private readonly advice = '',
  ) {}

  /** Returns the file's reader for one reading. No two readings share a connection. */
  readerOf(reading: 1 | 2 | 3, path: string): RangeReader {
    const readers = this.readings.get(reading) ?? connectSource(this.hub, this.source);
    this.readings.set(reading, readers);
    return readers.readerOf(path);
  }

  /** Reads a range into memory, up to three times, until two readings agree. */
  async read(range: NamedRange, signal: AbortSignal): Promise<Buffer> {
    const bytes: Buffer[] = [];
    const readOnce = async (reading: 1 | 2 | 3): Promise<Reading> => {
      const requests: string[] = [];
      const stream = readInPieces(this.readerOf(reading, range.file), range, reading, signal, (id) => requests.push(id));
      const read = await collectBytes(stream);
      bytes.push(read);
      return { sha256: Sha256.parse(createHash('sha256').update(read).digest('hex')), requests };
    };
    const [first, second] = [await readOnce(1), await readOnce(2)];
    const [one = Buffer.alloc(0), two = one] = bytes;
    if (first.sha256 === second.sha256) return one;
    return (await this.settle(range, first, second, () => readOnce(3))) === 'first' ? one : two;
  }

  /**
   * Decides between two differing readings with a third one.
   *
   * @throws SwpError with the code of this instance, if all three differ
   */
  async settle(range: NamedRange, first: Reading, second: Reading, readThird: () => Promise<Reading>): Promise<'first' | 'second'> {
    const third = await readThird();
    const { repo, commit } = this.source;
    const all = [first, second, third].map(({ requests }) => requests.join(', ') || 'no request id');
    const location = `${repo} at ${commit}: ${range.file}: ${range.what} (bytes ${range.begin} to ${range.end})`;
    const agreed = third.sha256 === first.sha256 ? 'first' : third.sha256 === second.sha256 ? 'second' : null;
    const message =
      agreed === null
        ? `${location}: three readings returned three different results.`
        : `${location}: the second reading differs from the first; a third reading agrees with the ${agreed}.`;
    const error = new SwpError('integrity', this.code, `${message} Requests: ${all.join('; ')}.`, { hint: `${HINT}${this.advice}` });
    if (agreed === null) throw error;
    this.hub.onRetry(error, 0, 0);
    return agreed;
  }

  close(): void {
    for (const { close } of this.readings.values()) close();
    this.readings.clear();
  }
}
