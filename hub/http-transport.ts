import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SwpError } from '../core/error.js';
import type { Clock } from '../core/machine.js';
import { SILENCE_MS, watchForStall, type Turn } from './stall.js';
import type { Answer, Transport, TransportRequest } from './transport.js';

/** Bytes of a body that are written in one step; the rate of these steps shows the speed of the server. */
const SLICE_BYTES = 64 * 1024;
const MISDIRECTED = 421;

/** Connections by protocol. */
interface Agents {
  readonly 'http:': HttpAgent;
  readonly 'https:': HttpsAgent;
}

const openAgents = (): Agents => ({ 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) });

/** Connections that all calls of the process share. */
const SHARED = openAgents();

type Body = NonNullable<TransportRequest['body']>;

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
const sendWatched = (clock: Clock, request: TransportRequest, outgoing: ClientRequest, source: Readable | undefined): void => {
  const progress: BodyProgress = { bytes: 0, isOffered: false, isDone: source === undefined };
  let answer: IncomingMessage | undefined;
  const turn = (): Turn => {
    // Unread bytes have arrived, so the exchange waits for this process.
    if (answer !== undefined) return answer.readableLength > 0 ? null : 'body';
    if (!progress.isDone) return progress.isOffered ? 'take' : null;
    return source === undefined || outgoing.writableFinished ? 'answer' : 'take';
  };
  const stop = watchForStall(clock, {
    name: request.name,
    turn,
    movedBytes: () => progress.bytes + (outgoing.socket?.bytesRead ?? 0),
    silenceMs: request.idleMs ?? SILENCE_MS,
    cut: (error) => (answer ?? outgoing).destroy(error),
  });
  outgoing.once('response', (incoming) => (answer = incoming)).once('close', stop);
  if (source === undefined) outgoing.end();
  else pipeline(source, (chunks: AsyncIterable<Uint8Array>) => sliceBody(chunks, progress), outgoing).catch(() => undefined);
};

const send = async (clock: Clock, agents: Agents, request: TransportRequest): Promise<Answer> => {
  const { url, signal, body } = request;
  signal.throwIfAborted();
  const isPlain = url.protocol === 'http:';
  const outgoing = (isPlain ? httpRequest : httpsRequest)(url, {
    method: request.method,
    headers: request.headers,
    agent: agents[isPlain ? 'http:' : 'https:'],
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
  sendWatched(clock, request, outgoing, source);
  try {
    return answerOf(await answered);
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

const answerOf = (incoming: IncomingMessage): Answer => {
  const { socket, statusCode: status = 0, headers } = incoming;
  // The connection leads to another host (RFC 9110, 15.5.20), so it must not be reused.
  if (status === MISDIRECTED) incoming.once('end', () => socket.destroy());
  return { status, headers, body: incoming };
};

const transportOver = (clock: Clock, agents: Agents): Transport => ({
  exchange: (request) => send(clock, agents, request),
  separate: () => {
    const own = openAgents();
    return {
      ...transportOver(clock, own),
      close: () => {
        own['http:'].destroy();
        own['https:'].destroy();
      },
    };
  },
});

/**
 * Returns a transport over HTTP. It uses `node:http` instead of fetch, because fetch keeps a copy of every body that it
 * sends (undici #4058) and drops headers that SWP needs.
 */
export const httpTransport = (clock: Clock): Transport => transportOver(clock, SHARED);
