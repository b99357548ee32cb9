import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SwpError } from '../core/error.js';
import { checkAddress } from './address.js';
import type { HubConfig } from './config.js';
import { shownUrl } from './errors.js';
import { SILENCE_MS, stallError, WHOLE_BODY_MS, watchForStall, type Turn } from './stall.js';

/** Bytes of a body that are written in one step; the rate of these steps shows the speed of the server. */
const SLICE_BYTES = 64 * 1024;

/** Connections by protocol. */
export interface Agents {
  readonly 'http:': HttpAgent;
  readonly 'https:': HttpsAgent;
}

export const openAgents = (): Agents => ({ 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) });

const SHARED = openAgents();

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or a fresh stream of exactly `length` bytes for each attempt. */
  readonly body?: Uint8Array | { readonly length: number; readonly open: () => Readable };
  /** Leaves the token out: for a signed address, or a request that needs none. A request with the token must go to the Hub's own origin. */
  readonly withoutToken?: boolean | undefined;
  /**
   * The answer contains addresses. It is never displayed, and it may contain the token for a request to such an
   * address.
   */
  readonly handsOutAddresses?: true;
  /** Called when the connection is open: from then on, the server may receive the request. */
  readonly onConnected?: () => void;
  readonly signal: AbortSignal;
  /** Maximum time without a byte of the answer, in milliseconds. */
  readonly idleMs?: number;
}

type Body = NonNullable<HttpRequest['body']>;

const bodyLength = (body: HttpRequest['body']): number =>
  body === undefined ? 0 : body instanceof Uint8Array ? body.byteLength : body.length;

const headersOf = (hub: HubConfig, request: HttpRequest): Record<string, string> => {
  const headers: Record<string, string> = { 'user-agent': 'swp', 'accept-encoding': 'identity', ...request.headers };
  if (request.body !== undefined || request.method === 'POST' || request.method === 'PUT')
    headers['content-length'] = String(bodyLength(request.body));
  if (request.withoutToken !== true) {
    if (request.url.origin !== hub.endpoint.origin)
      throw new SwpError('internal', 'hub/token-origin', `The Hub token must not be sent to ${request.url.origin}.`);
    if (hub.token !== undefined) headers['authorization'] = `Bearer ${hub.token.reveal()}`;
  }
  return headers;
};

/** The progress of a request body; `isOffered` while the connection has not yet accepted the last slice. */
interface BodyProgress {
  bytes: number;
  isOffered: boolean;
  isDone: boolean;
}

async function* sliceBody(source: AsyncIterable<Uint8Array>, progress: BodyProgress): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; at += SLICE_BYTES) {
      const slice = chunk.subarray(at, at + SLICE_BYTES);
      progress.isOffered = true;
      yield slice;
      progress.isOffered = false;
      progress.bytes += slice.byteLength;
    }
  }
  progress.isDone = true;
}

const openBody = (body: Body): Readable => (body instanceof Uint8Array ? Readable.from([body]) : body.open());

/** Sends the body, if there is one, and aborts the exchange if the server stalls. */
const sendWatched = (hub: HubConfig, request: HttpRequest, outgoing: ClientRequest, source: Readable | undefined): void => {
  const progress: BodyProgress = { bytes: 0, isOffered: false, isDone: source === undefined };
  let answer: IncomingMessage | undefined;
  const turn = (): Turn => {
    // Unread bytes have arrived, so the exchange waits for this process.
    if (answer !== undefined) return answer.readableLength > 0 ? null : 'body';
    if (!progress.isDone) return progress.isOffered ? 'take' : null;
    return source === undefined || outgoing.writableFinished ? 'answer' : 'take';
  };
  const stop = watchForStall({
    name: `${request.method} ${shownUrl(hub, request.url)}`,
    turn,
    movedBytes: () => progress.bytes + (outgoing.socket?.bytesRead ?? 0),
    silenceMs: request.idleMs ?? SILENCE_MS,
    cut: (error) => (answer ?? outgoing).destroy(error),
  });
  outgoing.once('response', (incoming) => (answer = incoming)).once('close', stop);
  if (source === undefined) outgoing.end();
  else pipeline(source, (chunks: AsyncIterable<Uint8Array>) => sliceBody(chunks, progress), outgoing).catch(() => undefined);
};

/**
 * Runs one exchange, without redirects and retries. Uses `node:http` instead of fetch, because fetch keeps a copy of
 * every body that it sends (undici #4058) and drops headers that SWP needs.
 *
 * @returns the answer with its body unread; the caller must consume or destroy it
 */
export const exchange = async (hub: HubConfig, request: HttpRequest): Promise<IncomingMessage> => {
  const { url, signal, body } = request;
  signal.throwIfAborted();
  checkAddress(hub, url);
  const counted = url.origin === hub.endpoint.origin ? hub.budget : undefined;
  await counted?.take(url, signal);
  const isPlain = url.protocol === 'http:';
  const send = isPlain ? httpRequest : httpsRequest;
  const outgoing = send(url, {
    method: request.method,
    headers: headersOf(hub, request),
    agent: (hub.agents ?? SHARED)[isPlain ? 'http:' : 'https:'],
  });
  // Destroys without an error. If the request is about to return its connection to the agent, the connection would throw
  // the error without a listener and end the process. The `signal` option of `http.request` passes such an error.
  const stop = (): void => void outgoing.destroy();
  // Any number of requests may wait for one signal, which is not a listener leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', stop, { once: true });
  outgoing.once('close', () => signal.removeEventListener('abort', stop));
  const { onConnected } = request;
  if (onConnected !== undefined)
    outgoing.once('socket', (socket) => (socket.connecting ? socket.once('connect', onConnected) : onConnected()));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing
      .once('response', resolve)
      .on('error', reject)
      .once('close', () => reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })));
  });
  // A server may answer before it has read the whole body: then its answer counts, not the broken pipe.
  const source = body === undefined ? undefined : openBody(body);
  sendWatched(hub, request, outgoing, source);
  try {
    const answer = await answered;
    counted?.observe(answer.headers);
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    const readFailure: unknown = source?.errored;
    // The source of the bytes failed, not the connection.
    if (readFailure instanceof SwpError) throw readFailure;
    if (readFailure instanceof Error && 'code' in readFailure && readFailure.code === 'ENOENT') throw readFailure;
    throw error;
  } finally {
    source?.destroy();
  }
};

/** Reads the beginning of a body for an error message, and drops the rest with its connection. */
export const readStart = async (
  answer: IncomingMessage,
  max: number,
): Promise<{ readonly body: string; readonly end: 'whole' | 'cut' }> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // Leaving the loop destroys the answer.
    if (size > max) break;
  }
  return { body: Buffer.concat(chunks).subarray(0, max).toString('utf8'), end: size > max ? 'cut' : 'whole' };
};

/** Reads a whole body of at most `max` bytes. */
export const readBody = async (answer: IncomingMessage, max: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  const late = setTimeout(
    () => answer.destroy(stallError("The Hub's answer", `it did not end within ${WHOLE_BODY_MS / 1000} s`)),
    WHOLE_BODY_MS,
  );
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      // Leaving the loop destroys the answer.
      if (size > max) throw new SwpError('integrity', 'hub/answer-too-large', `The Hub's answer has more than ${max} bytes.`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks);
};
