import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import type { HandleRequest, HubResponse } from '../../dev/hub/http/handle-request.js';
import type { OpenedHub } from '../../dev/hub/start-local-hub.js';
import type { Answer, SeparateTransport, Transport, TransportRequest } from '../../hub/transport.js';
import type { Incarnation } from './incarnation.js';

/** Creating the default reason of an abort takes longer than many requests. */
const DISCONNECTED = new Error('disconnected');

/** The error of a connection that the other side cut. */
const reset = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

const lowerCase = (headers: HubResponse['headers']): Answer['headers'] =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value : String(value)]),
  ) as Answer['headers'];

const bodyOf = ({ body }: TransportRequest): Readable =>
  body === undefined ? Readable.from([]) : body instanceof Uint8Array ? Readable.from([body]) : body.open();

async function* cutWithReset(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw reset();
  }
}

const exchangeWith = async (handle: HandleRequest, connection: number, request: TransportRequest, worker: Incarnation): Promise<Answer> => {
  const { method, url, headers, signal } = request;
  signal.throwIfAborted();
  await worker.enter();
  request.onConnected?.();
  const source = bodyOf(request);
  let sourceFailure: Error | null = null;
  source.on('error', (error) => (sourceFailure = error));
  const disconnected = new AbortController();
  const stopWatching = worker.onCrash(() => {
    source.destroy(reset());
    disconnected.abort(DISCONNECTED);
  });
  const answer = await handle({
    method,
    url: `${url.pathname}${url.search}`,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: source,
    connection,
    disconnected: disconnected.signal,
  });
  source.destroy();
  await worker.enter();
  signal.throwIfAborted();
  if (sourceFailure !== null) throw sourceFailure;
  if (answer === null) throw reset();
  const body = answer.body === null ? Readable.from([]) : Readable.from(cutWithReset(answer.body), { objectMode: false });
  const abort = (): void => void body.destroy();
  const stopAborting = worker.onCrash(abort);
  // Any number of answers may wait for one signal.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', abort, { once: true });
  body.once('close', () => {
    signal.removeEventListener('abort', abort);
    stopWatching();
    stopAborting();
    disconnected.abort(DISCONNECTED);
  });
  return { status: answer.status, headers: lowerCase(answer.headers), body };
};

/** Carries the requests of a worker to a local hub in this process, without sockets. Each transport is one connection. */
export const simTransport = (hub: OpenedHub, worker: Incarnation): Transport => {
  let connections = 0;
  const connect = (): SeparateTransport => {
    const connection = (connections += 1);
    return {
      exchange: (request) => exchangeWith(request.url.origin === hub.url ? hub.handleHub : hub.handleCdn, connection, request, worker),
      separate: connect,
      close: () => undefined,
    };
  };
  return connect();
};
