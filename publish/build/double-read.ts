import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { SwpError } from '../../core/error.js';
import { Sha256 } from '../../core/ids.js';
import type { HubConfig } from '../../hub/config.js';
import type { RangeReader } from '../../hub/read/range.js';
import type { SourceFacts } from '../../plan/facts.js';
import { connectSource, type SourceReaders } from './source-readers.js';

/** Bytes of a file of the source, and what people call them. */
export interface NamedRange {
  readonly file: string;
  readonly begin: number;
  readonly end: number;
  readonly what: string;
}

/** What came of reading a range once. */
export interface Reading {
  readonly sha256: Sha256;
  /** Ids of the requests that brought it. */
  readonly requests: readonly string[];
}

/**
 * Reads a range with so many requests, one after another: each reading cuts it elsewhere, so that what goes wrong at the
 * same place of every answer goes wrong at other bytes.
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
  'Nothing of it is published. Look at what lies between this host and the Hub (a proxy, the network card, memory), then retry or move to another host.';

/** The readings of one source that prove what its ranges hold; each has connections of its own. */
export class DoubleRead {
  private readonly readings = new Map<1 | 2 | 3, SourceReaders>();

  /**
   * @param code of the error when three readings of a range do not agree
   * @param advice what else helps then
   */
  constructor(
    private readonly hub: HubConfig,
    private readonly source: Pick<SourceFacts, 'repo' | 'commit' | 'files'>,
    private readonly code: string,
    private readonly advice = '',
  ) {}

  /** The readers of one reading, over connections that no other reading uses. */
  readerOf(reading: 1 | 2 | 3, path: string): RangeReader {
    const readers = this.readings.get(reading) ?? connectSource(this.hub, this.source);
    this.readings.set(reading, readers);
    return readers.readerOf(path);
  }

  /** Reads a range that memory has room for until two readings agree. */
  async read(range: NamedRange, signal: AbortSignal): Promise<Buffer> {
    const bytes: Buffer[] = [];
    const readOnce = async (reading: 1 | 2 | 3): Promise<Reading> => {
      const requests: string[] = [];
      const stream = readInPieces(this.readerOf(reading, range.file), range, reading, signal, (id) => requests.push(id));
      const read = await buffer(stream);
      bytes.push(read);
      return { sha256: Sha256.parse(createHash('sha256').update(read).digest('hex')), requests };
    };
    const [first, second] = [await readOnce(1), await readOnce(2)];
    const [one = Buffer.alloc(0), two = one] = bytes;
    if (first.sha256 === second.sha256) return one;
    return (await this.settle(range, first, second, () => readOnce(3))) === 'first' ? one : two;
  }

  /**
   * Decides between two readings that differ, by a third one.
   *
   * @throws SwpError of the code that was given, when all three differ
   */
  async settle(range: NamedRange, first: Reading, second: Reading, readThird: () => Promise<Reading>): Promise<'first' | 'second'> {
    const third = await readThird();
    const { repo, commit } = this.source;
    const all = [first, second, third].map(({ requests }) => requests.join(', ') || 'not noted');
    const which = `${repo} at ${commit}: ${range.file}: ${range.what} (bytes ${range.begin} to ${range.end})`;
    const found = third.sha256 === first.sha256 ? 'first' : third.sha256 === second.sha256 ? 'second' : null;
    const message =
      found === null
        ? `${which} came differently three times.`
        : `${which} came differently when it was read again; a third reading agrees with the ${found}.`;
    const error = new SwpError('integrity', this.code, `${message} Requests: ${all.join('; ')}.`, { hint: `${HINT}${this.advice}` });
    if (found === null) throw error;
    this.hub.meter?.retried(this.code);
    this.hub.onRetry?.(error, 0, 0);
    return found;
  }

  close(): void {
    for (const { close } of this.readings.values()) close();
    this.readings.clear();
  }
}
