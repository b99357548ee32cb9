import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SwpError } from '../core/error.js';
import type { HubConfig } from './config.js';

/** No byte in either direction for so long means that the far end is gone. */
const IDLE_MS = 90_000;

const AGENTS = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or a fresh stream of exactly `length` bytes for each attempt. */
  readonly body?: Uint8Array | { readonly length: number; readonly open: () => Readable };
  /** Send the token. Only ever to the Hub's own origin. */
  readonly authorized: boolean;
  /** Its answer is shown to no one, and may hold a token to send along to an address. */
  readonly handsOutAddresses?: true;
  readonly signal: AbortSignal;
  readonly idleMs?: number;
}

const bodyLength = (body: HttpRequest['body']): number =>
  body === undefined ? 0 : body instanceof Uint8Array ? body.byteLength : body.length;

const headersOf = (hub: HubConfig, request: HttpRequest): Record<string, string> => {
  const headers: Record<string, string> = { 'user-agent': 'swp', 'accept-encoding': 'identity', ...request.headers };
  if (request.body !== undefined || request.method === 'POST' || request.method === 'PUT')
    headers['content-length'] = String(bodyLength(request.body));
  if (request.authorized) {
    if (request.url.origin !== hub.endpoint.origin)
      throw new SwpError('internal', 'hub/token-origin', `The token may not go to ${request.url.origin}.`);
    if (hub.token !== undefined) headers['authorization'] = `Bearer ${hub.token.reveal()}`;
  }
  return headers;
};

/**
 * One exchange, never redirected and never retried. `node:http` rather than fetch: fetch keeps a copy of
 * every body that it sends (undici #4058), and drops headers that we need.
 *
 * @returns the answer with its body unread; the caller must consume or destroy it
 */
export const exchange = async (hub: HubConfig, request: HttpRequest): Promise<IncomingMessage> => {
  const { url, signal, body } = request;
  signal.throwIfAborted();
  const counted = url.origin === hub.endpoint.origin ? hub.budget : undefined;
  await counted?.take(url, signal);
  const isPlain = url.protocol === 'http:';
  const send = isPlain ? httpRequest : httpsRequest;
  const outgoing = send(url, {
    method: request.method,
    headers: headersOf(hub, request),
    agent: AGENTS[isPlain ? 'http:' : 'https:'],
  });
  // Without an error: one given to a request that is about to hand back its connection is thrown by the
  // connection, where nobody listens, and ends the process. `http.request`'s own `signal` gives one.
  const stop = (): void => void outgoing.destroy();
  // As many requests as there are may wait for one signal; that is no leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', stop, { once: true });
  outgoing.once('close', () => signal.removeEventListener('abort', stop));
  outgoing.setTimeout(request.idleMs ?? IDLE_MS, () =>
    outgoing.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
  );
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing
      .once('response', resolve)
      .on('error', reject)
      .once('close', () => reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })));
  });
  // A server may answer before it has read everything: its answer counts then, not the broken pipe.
  const source = body === undefined || body instanceof Uint8Array ? undefined : body.open();
  const sent =
    source === undefined ? Promise.resolve(outgoing.end(body instanceof Uint8Array ? body : undefined)) : pipeline(source, outgoing);
  sent.catch(() => undefined);
  try {
    const answer = await answered;
    counted?.told(answer.headers);
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    const readFailure: unknown = source?.errored;
    // What broke was where the bytes come from, not the connection.
    if (readFailure instanceof SwpError) throw readFailure;
    if (readFailure instanceof Error && 'code' in readFailure && readFailure.code === 'ENOENT') throw readFailure;
    throw error;
  } finally {
    source?.destroy();
  }
};

/** Reads the beginning of a body, for a message; the rest is dropped with its connection. */
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
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > max) {
      answer.destroy();
      throw new SwpError('integrity', 'hub/answer-too-large', `The Hub's answer has more than ${max} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
