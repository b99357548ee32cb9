import { SwpError } from '../../core/error.js';
import { attempt } from '../call.js';
import type { Hub } from '../hub.js';
import { errorOfConnection, quoted, requestId } from '../errors.js';
import { FailureStreak, retrying } from '../retry.js';
import type { Answer } from '../transport.js';
import { locate, type Location, type PinnedFile } from './locate.js';

export interface RangeReader {
  /**
   * Reads the bytes from `begin` to `end` exclusive without a gap: after a cut connection, the read resumes.
   *
   * @param onRequest receives the id of each request that returns some of the bytes
   */
  read(begin: number, end: number, signal: AbortSignal, onRequest?: (id: string) => void): AsyncIterable<Uint8Array>;
}

/** Error codes that mean that the address may have expired; it is then requested again. */
const EXPIRED = new Set(['hub/address-expired', 'hub/forbidden', 'hub/unauthorized', 'hub/quota']);
/** Maximum number of new addresses in a row without a byte in between; then the error is final. */
const RELOCATIONS = 3;
/** A cut answer with at least this many bytes counts as progress. */
const PROGRESS_BYTES = 64 * 1024;

const checkRange = (hub: Hub, file: PinnedFile, answer: Answer, begin: number, end: number): void => {
  const wanted = `bytes ${begin}-${end - 1}/${file.size}`;
  const found = answer.headers['content-range'];
  if (answer.status === 206 && found === wanted) return;
  answer.body.destroy();
  if (answer.status !== 206)
    throw new SwpError(
      'integrity',
      'hub/range-ignored',
      `${file.path}: SWP requested ${wanted}, but the server answered ${answer.status} with the whole file.`,
    );
  throw new SwpError(
    'integrity',
    'hub/range-differs',
    `${file.path}: SWP requested ${wanted}, but the server answered ${quoted(hub, found ?? 'no range')}.`,
  );
};

/**
 * Returns a strong validator (RFC 9110, 8.8.3): equal ones mean equal bytes. Weak ones may differ between the servers
 * of a CDN.
 */
const strongEtag = ({ headers: { etag } }: Answer): string | null => (etag === undefined || etag.startsWith('W/') ? null : etag);

/**
 * Opens a file at a pinned commit for range reads. Requests its address once and uses it until it expires. Accepts only a
 * 206 answer with exactly the requested range, and from one address only answers of one version.
 *
 * @throws SwpError `hub/range-ignored`, `hub/range-differs`, `hub/version-differs`, `hub/file-differs`
 */
export const openFile = (hub: Hub, file: PinnedFile): RangeReader => {
  let location: Promise<Location> | null = null;
  let version: string | null = null;
  const getLocation = (signal: AbortSignal): Promise<Location> => {
    location ??= retrying(hub, signal, () => locate(hub, file, { signal })).catch((error: unknown) => {
      location = null;
      throw error;
    });
    return location;
  };

  const checkVersion = (answer: Answer): void => {
    const found = strongEtag(answer);
    version ??= found;
    if (found === null || found === version) return;
    answer.body.destroy();
    throw new SwpError(
      'integrity',
      'hub/version-differs',
      `${file.path}: the server switched to another version of the file (ETag ${quoted(hub, found)}, before ${quoted(hub, version ?? '')}).`,
      { hint: 'Retry: SWP reads everything again from the pinned commit.' },
    );
  };

  const requestRange = async (begin: number, end: number, signal: AbortSignal): Promise<{ readonly url: URL; readonly answer: Answer }> => {
    for (let relocations = 0; ; relocations += 1) {
      const { url, withoutToken } = await getLocation(signal);
      try {
        const answer = await retrying(hub, signal, () =>
          attempt(hub, { method: 'GET', url, withoutToken, signal, headers: { range: `bytes=${begin}-${end - 1}` } }),
        );
        checkRange(hub, file, answer, begin, end);
        checkVersion(answer);
        return { url, answer };
      } catch (error) {
        if (withoutToken !== true || relocations >= RELOCATIONS || !(error instanceof SwpError) || !EXPIRED.has(error.code)) throw error;
        location = null;
        // The next address may belong to another host, which has its own ETags.
        version = null;
      }
    }
  };

  async function* read(begin: number, end: number, signal: AbortSignal, onRequest?: (id: string) => void): AsyncGenerator<Uint8Array> {
    let position = begin;
    const streak = new FailureStreak(hub);
    while (position < end) {
      const before = position;
      let failure = new SwpError('unavailable', 'hub/cut', `${file.path}: the server ended its answer before byte ${end}.`);
      const { url, answer } = await requestRange(position, end, signal);
      onRequest?.(requestId(hub, answer.headers) ?? 'without an id');
      try {
        for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
          if (position + chunk.byteLength > end)
            throw new SwpError('integrity', 'hub/range-differs', `${file.path}: the server sent more bytes than SWP requested.`);
          position += chunk.byteLength;
          hub.meter?.received(chunk.byteLength);
          yield chunk;
        }
      } catch (error) {
        signal.throwIfAborted();
        const found = errorOfConnection(hub, { method: 'GET', url }, error);
        if (!(found instanceof SwpError) || !found.transient) throw found;
        failure = found;
      } finally {
        answer.body.destroy();
      }
      if (position - before >= PROGRESS_BYTES) streak.end();
      if (position < end) await streak.wait(failure, signal);
    }
  }
  return { read };
};
