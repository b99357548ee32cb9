import { Readable } from 'node:stream';
import { SwpError } from '../../core/error.js';
import { runAll } from '../../core/run-all.js';
import { attempt, jsonBody } from '../call.js';
import { withOnRetry, type Hub } from '../hub.js';
import { drain } from '../read-body.js';
import { retrying } from '../retry.js';
import { MAX_CONCURRENCY, type AdaptiveConcurrency } from './adaptive-concurrency.js';
import type { BasicInstructions, LfsAction, MultipartInstructions, Part } from './lfs-batch.js';
import type { PartJournal, StartedUpload } from './part-journal.js';
import type { UploadFile } from './upload-file.js';

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Shared by all files that are sent concurrently. */
  readonly concurrency: AdaptiveConcurrency;
  /** Returns true when the process should stop: no new request starts. */
  readonly shouldStop: () => boolean;
  /** Receives the number of bytes that are sent; negative for bytes that must be sent again. */
  readonly onBytes: (bytes: number) => void;
}

const STOPPING = 'hub/stopping';

/** Recognises the error of a graceful stop, after which the parts in flight still finish. */
export const isGracefulStop = (error: unknown): boolean => error instanceof SwpError && error.code === STOPPING;

const stoppingError = (): SwpError =>
  new SwpError('unavailable', STOPPING, 'The worker is stopping. The upload continues when a worker runs again.');

/** Counts the bytes of a file as they are sent. */
const countBytes = (source: Readable, { meter }: Hub, { onBytes }: SendOptions): Readable =>
  Readable.from(
    (async function* () {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        onBytes(chunk.byteLength);
        meter?.sent(chunk.byteLength);
        yield chunk;
      }
    })(),
    { objectMode: false },
  );

/** PUTs bytes to a signed address and returns the ETag. The signature authorizes the request, so the token is not sent. */
const putBytes = async (
  hub: Hub,
  file: UploadFile,
  { url, begin, end }: Pick<Part, 'url' | 'begin' | 'end'>,
  headers: Readonly<Record<string, string>>,
  options: SendOptions,
): Promise<string | undefined> =>
  options.concurrency.run(async (onThrottle) => {
    if (options.shouldStop()) throw stoppingError();
    options.signal.throwIfAborted();
    let counted = 0;
    const resetCount = (): void => {
      options.onBytes(-counted);
      counted = 0;
    };
    const countingOptions: SendOptions = {
      ...options,
      onBytes: (bytes) => {
        counted += bytes;
        options.onBytes(bytes);
      },
    };
    try {
      return await retrying(withOnRetry(hub, onThrottle), options.signal, async () => {
        resetCount();
        const answer = await attempt(hub, {
          method: 'PUT',
          url,
          withoutToken: true,
          signal: options.signal,
          headers,
          body: { length: end - begin, open: () => countBytes(file.open(begin, end), hub, countingOptions) },
        });
        drain(answer.body);
        hub.meter?.partSent();
        return answer.headers.etag;
      });
    } catch (error) {
      resetCount();
      throw error;
    }
  });

/**
 * Completes an object at a signed address. A second completion after a lost answer finds nothing: the batch then
 * answers `stored`.
 */
const complete = async (
  hub: Hub,
  file: UploadFile,
  action: LfsAction,
  parts: readonly { partNumber: number; etag: string }[],
  { signal }: SendOptions,
): Promise<void> =>
  retrying(hub, signal, async () => {
    const answer = await attempt(hub, {
      method: 'POST',
      url: action.url,
      withoutToken: true,
      signal,
      ...jsonBody({ oid: file.sha256, parts }),
    });
    drain(answer.body);
  });

/** Requests the Hub to verify the stored object. The address may have any origin; the token goes only to the Hub's own. */
const verify = async (hub: Hub, file: UploadFile, action: LfsAction, { signal }: SendOptions): Promise<void> => {
  const { headers, body } = jsonBody({ oid: file.sha256, size: file.size });
  // The Hub may provide its own Authorization header for this request; the token never goes to another origin.
  const isOwn = action.url.origin === hub.endpoint.origin && action.headers['Authorization'] === undefined;
  await retrying(hub, signal, async () => {
    const answer = await attempt(hub, {
      method: 'POST',
      url: action.url,
      withoutToken: !isOwn,
      signal,
      headers: { ...action.headers, ...headers },
      body,
    });
    drain(answer.body);
  });
};

/** Completes an object whose parts the server has, and requests its verification. */
export const finish = async (
  hub: Hub,
  file: UploadFile,
  instructions: MultipartInstructions,
  etags: ReadonlyMap<number, string>,
  options: SendOptions,
): Promise<void> => {
  const parts = instructions.parts.map(({ number }) => ({ partNumber: number, etag: etags.get(number) ?? '' }));
  await complete(hub, file, instructions.complete, parts, options);
  if (instructions.verify !== null) await verify(hub, file, instructions.verify, options);
};

/** Sends one part; the part counts when the journal has recorded it. */
export const sendPart = async (hub: Hub, file: UploadFile, part: Part, journal: PartJournal, options: SendOptions): Promise<string> => {
  const etag = await putBytes(hub, file, part, {}, options);
  if (etag === undefined)
    throw new SwpError('integrity', 'hub/no-etag', `The Hub accepted part ${part.number} of ${file.path} but sent no ETag.`);
  await journal.sent(file.sha256, part.number, etag);
  return etag;
};

/** Sends a small object in one request, and requests its verification. */
export const sendWhole = async (hub: Hub, file: UploadFile, instructions: BasicInstructions, options: SendOptions): Promise<void> => {
  await putBytes(hub, file, { url: instructions.upload.url, begin: 0, end: file.size }, instructions.upload.headers, options);
  if (instructions.verify !== null) await verify(hub, file, instructions.verify, options);
};

/** Sends the parts of an object that the server does not have yet, completes the object and requests its verification. */
export const sendParts = async (
  hub: Hub,
  file: UploadFile,
  { instructions, etags }: StartedUpload,
  journal: PartJournal,
  options: SendOptions,
): Promise<void> => {
  const tags = new Map(etags);
  await runAll(
    instructions.parts.filter(({ number }) => !tags.has(number)),
    async (part, signal) => {
      tags.set(part.number, await sendPart(hub, file, part, journal, { ...options, signal }));
    },
    { concurrency: MAX_CONCURRENCY, signal: options.signal, aborts: (error) => !isGracefulStop(error) },
  );
  await finish(hub, file, instructions, tags, options);
};
