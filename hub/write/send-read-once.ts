import { createHash, type Hash } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import { Mutex } from 'async-mutex';
import { SwpError } from '../../core/error.js';
import { holdBackLast } from '../../core/hold-back.js';
import { runAll } from '../../core/run-all.js';
import type { Hub } from '../hub.js';
import { MAX_CONCURRENCY } from './adaptive-concurrency.js';
import type { BasicInstructions, Part } from './lfs-batch.js';
import type { PartJournal, StartedUpload } from './part-journal.js';
import { isGracefulStop, finish, sendPart, sendWhole, type SendOptions } from './send-object.js';
import type { UploadFile } from './upload-file.js';

/** Bytes that are sent, and counted, in one step. */
const SLICE_BYTES = 512 * 1024;

function* sliced(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

/** Maximum bytes of parts in memory, from their read until they are sent. */
const WINDOW_BYTES = 96 * 1024 * 1024;

export interface ReadOnceOptions extends SendOptions {
  /** Receives the number of bytes that the server already had, when they have been read for the digest. */
  readonly onSkipped: (bytes: number) => void;
}

const checkDigest = (file: UploadFile, found: string): void => {
  if (found === file.sha256) return;
  throw new SwpError(
    'integrity',
    'hub/source-differs',
    `The bytes of ${file.path} have sha256 ${found}, but the plan has ${file.sha256}.`,
    { hint: 'Nothing was published. Retry; if it fails again, the source is damaged: tell its owner.' },
  );
};

/** Reads the parts of a file one after the other, in file order, so that the last read completes the digest. */
class SequentialReader {
  private readonly mutex = new Mutex();
  private readonly buffers: Buffer[] = [];
  private hash = createHash('sha256');
  private position = 0;

  constructor(private readonly file: UploadFile) {}

  /** Reads a part only for the digest. */
  skip(part: Part, signal: AbortSignal): Promise<void> {
    return this.mutex.runExclusive(() => this.read(part, signal, () => undefined));
  }

  /** Reads a part into a buffer that the caller uses until it calls {@link recycle}. */
  acquire(part: Part, signal: AbortSignal): Promise<Buffer> {
    const length = part.end - part.begin;
    return this.mutex.runExclusive(async () => {
      const spare = this.buffers.findIndex((buffer) => buffer.byteLength >= length);
      const [buffer = Buffer.allocUnsafeSlow(length)] = spare < 0 ? [] : this.buffers.splice(spare, 1);
      await this.read(part, signal, (chunk, at) => buffer.set(chunk, at));
      return buffer;
    });
  }

  recycle(buffer: Buffer): void {
    this.buffers.push(buffer);
  }

  /** Streams a part that is too large for memory; each attempt to send the part reads it again. */
  stream(part: Part): () => Readable {
    const before = this.hash.copy();
    const end = (hash: Hash): void => {
      this.hash = hash;
      this.position = part.end;
    };
    const { file } = this;
    async function* attempt(): AsyncGenerator<Uint8Array> {
      const hash = before.copy();
      for await (const chunk of file.open(part.begin, part.end) as AsyncIterable<Uint8Array>) {
        hash.update(chunk);
        yield chunk;
      }
      end(hash);
    }
    return () => Readable.from(attempt(), { objectMode: false });
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  private async read(part: Part, signal: AbortSignal, take: (chunk: Uint8Array, at: number) => void): Promise<void> {
    signal.throwIfAborted();
    if (this.position !== part.begin)
      throw new SwpError(
        'internal',
        'hub/out-of-order',
        `Part ${part.number} of ${this.file.path} is read out of order, at byte ${this.position}.`,
      );
    for await (const chunk of addAbortSignal(signal, this.file.open(part.begin, part.end)) as AsyncIterable<Uint8Array>) {
      this.hash.update(chunk);
      take(chunk, this.position - part.begin);
      this.position += chunk.byteLength;
    }
  }
}

/**
 * Sends the parts of an object whose source is remote: reads the parts once and in file order, and sends them
 * concurrently in bounded memory. Parts that an earlier run sent are read for the digest but not sent again. Completes
 * the object only if the digest is the planned one.
 *
 * @throws SwpError `hub/source-differs`
 */
export const sendPartsReadOnce = async (
  hub: Hub,
  file: UploadFile,
  { instructions, etags }: StartedUpload,
  journal: PartJournal,
  options: ReadOnceOptions,
): Promise<void> => {
  const tags = new Map(etags);
  const reader = new SequentialReader(file);
  const maxBuffers = Math.floor(WINDOW_BYTES / Math.max(1, ...instructions.parts.map(({ begin, end }) => end - begin)));
  const sendFrom = async (open: () => Readable, part: Part, signal: AbortSignal): Promise<void> => {
    tags.set(part.number, await sendPart(hub, { ...file, open }, part, journal, { ...options, signal }));
  };
  const send = async (part: Part, signal: AbortSignal): Promise<void> => {
    if (maxBuffers === 0) return sendFrom(reader.stream(part), part, signal);
    const buffer = await reader.acquire(part, signal);
    const bytes = buffer.subarray(0, part.end - part.begin);
    await sendFrom(() => Readable.from(sliced(bytes), { objectMode: false }), part, signal);
    reader.recycle(buffer);
  };
  await runAll(
    instructions.parts,
    async (part, signal) => {
      if (!etags.has(part.number)) return send(part, signal);
      await reader.skip(part, signal);
      options.onSkipped(part.end - part.begin);
    },
    { concurrency: Math.min(MAX_CONCURRENCY, Math.max(1, maxBuffers)), signal: options.signal, aborts: (error) => !isGracefulStop(error) },
  );
  checkDigest(file, reader.digest());
  await finish(hub, file, instructions, tags, options);
};

/** Yields the bytes of a file, and throws after the last one if their digest is not the planned one. */
async function* verifyDigest(file: UploadFile, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  checkDigest(file, hash.digest('hex'));
}

/** Sends an object whose source is remote, in one request. */
export const sendWholeReadOnce = (hub: Hub, file: UploadFile, instructions: BasicInstructions, options: SendOptions): Promise<void> =>
  sendWhole(
    hub,
    {
      ...file,
      open: (begin, end) =>
        Readable.from(holdBackLast(verifyDigest(file, file.open(begin, end) as AsyncIterable<Uint8Array>)), { objectMode: false }),
    },
    instructions,
    options,
  );
