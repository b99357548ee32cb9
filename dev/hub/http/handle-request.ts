import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Files } from '../../../core/machine.js';
import { messageOf } from '../../../core/error.js';
import { answerUnder } from '../faults/answer.js';
import { readUpTo } from '../faults/bytes.js';
import { replyUnder, scriptedReply } from '../faults/reply.js';
import { bodyUnder } from '../faults/request.js';
import type { Exchange, Fault, Intercept } from '../operations.js';
import { spool } from '../store/spool.js';
import type { HubState } from './context.js';
import { describeExchange } from './describe-exchange.js';
import { requireIdentity, requireSignature, takeLimit } from './guards.js';
import { json, Refusal, refuse, type Reply } from './reply.js';
import type { RateLimiter } from '../../../core/rate-limiter.js';
import type { OpenRecord, RequestLog } from './request-log.js';
import { createRouter, type Match, type Route } from './router.js';

/** A request, however it arrived. */
export interface HubRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  /** Number of the request's connection, from 1 in the order of their first requests. */
  readonly connection: number;
  /** Aborts when the client is gone. */
  readonly disconnected: AbortSignal;
}

export interface HubResponse {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** The body; null for none. If it throws, the connection is cut after the bytes before. */
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Answers a request; null cuts its connection without an answer. */
export type HandleRequest = (request: HubRequest) => Promise<HubResponse | null>;

interface HandlerOptions {
  readonly routes: readonly Route[];
  readonly log: RequestLog;
  readonly intercept: Intercept;
  /** Applies the effect of a fault on the hub itself, before the request is handled. */
  readonly disturb: (fault: Fault, exchange: Exchange) => Promise<void>;
  /** Resolves when the hub closes, which ends every hold. */
  readonly closed: Promise<void>;
  /** Throttles the response bodies. */
  readonly pace?: RateLimiter | undefined;
}

interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

const parseAddress = (url: string): Address => {
  const [path = '', search = ''] = url.split(/\?(.*)/s, 2);
  return { path, query: new URLSearchParams(search) };
};

/** Opens a file only when it is read: the handler of a request without a body never reads it, and the file is deleted. */
async function* readLazily(files: Files, path: string): AsyncGenerator<Uint8Array> {
  yield* files.createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** Checks the permission that the route requires, then handles the request with this body. */
const handleWith = async (
  hub: HubState,
  request: HubRequest,
  { route, params }: Match,
  { path, query }: Address,
  body: AsyncIterable<Uint8Array>,
): Promise<Reply> => {
  const { method, headers } = request;
  if (route.guard === 'signed') requireSignature(hub, request, path, query);
  const identity = route.guard === 'signed' ? undefined : requireIdentity(hub, headers.authorization);
  return route.handle({ hub, method, path, params, query, headers, body, identity });
};

/** Returns the bytes of a reply. */
const bytesOf = (files: Files, { body }: Reply): { readonly length: number; readonly chunks: () => AsyncIterable<Uint8Array> } => {
  if (typeof body !== 'string') {
    const { file, start, end } = body;
    return { length: end - start, chunks: () => files.createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 18 }) };
  }
  const bytes = Buffer.from(body);
  return {
    length: bytes.byteLength,
    chunks: async function* () {
      yield bytes;
    },
  };
};

/** Returns a handler that matches a request to its route, applies faults, rate limit and permission check, and answers it. */
export const createHandler = (hub: HubState, { routes, log, intercept, disturb, closed, pace }: HandlerOptions): HandleRequest => {
  const { clock, files, random } = hub.machine;
  const findRoute = createRouter(routes);

  const handle = async (request: HubRequest, match: Match, address: Address, fault: Fault | undefined): Promise<Reply> => {
    if (fault?.kind === 'status') return scriptedReply(fault);
    if (fault?.kind !== 'hold') return handleWith(hub, request, match, address, bodyUnder(fault, request, clock));
    // Read the body before the wait: a client that gives up in the meantime has still sent its request, as behind a slow gateway.
    const held = await spool(files, request.body, hub.store.temporary.path());
    try {
      await Promise.race([fault.until, closed]);
      return await handleWith(hub, request, match, address, readLazily(files, held.path));
    } finally {
      await files.rm(held.path, { force: true });
    }
  };

  async function* count(chunks: AsyncIterable<Uint8Array>, record: OpenRecord | undefined): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (record !== undefined) record.sent += chunk.byteLength;
      await pace?.take(chunk.byteLength);
      yield chunk;
    }
  }

  return async (request) => {
    const { method, disconnected } = request;
    const address = parseAddress(request.url);
    const headers: OutgoingHttpHeaders = { 'X-Request-Id': `Root=1-${random.hex(16)}` };
    let record: OpenRecord | undefined;
    let fault: Fault | undefined;
    let reply: Reply;
    try {
      const match = findRoute(method, address.path);
      const exchange = describeExchange(request, match, address.query);
      record = log.open(exchange, request.headers);
      fault = intercept(exchange);
      record.fault = fault?.kind;
      if (fault?.kind === 'reset') {
        await readUpTo(request.body, fault.afterBytes ?? 0);
        return null;
      }
      if (fault !== undefined) await disturb(fault, exchange);
      if (match?.route.guard !== 'signed') takeLimit(hub, request, headers, match?.route.limit ?? 'api');
      if (match === undefined) throw refuse(404, "Sorry, we can't find the page you are looking for.");
      reply = await handle(request, match, address, fault);
    } catch (error) {
      if (error instanceof Refusal) reply = error.reply;
      // The client is gone and cannot read a response.
      else if (disconnected.aborted) return null;
      else reply = json(500, { error: `Internal Error: ${messageOf(error)}` });
    }

    if (fault?.kind === 'hold-after') await Promise.race([fault.until, closed]);
    reply = replyUnder(fault, reply);
    const { length, chunks } = bytesOf(files, reply);
    const hasBody = length > 0 && method !== 'HEAD';
    // A response without a body has no byte after which it could be cut.
    if (fault?.kind === 'apply-then-reset' || (fault?.kind === 'reset-answer' && !hasBody)) return null;
    if (record !== undefined) record.status = reply.status;
    return {
      status: reply.status,
      headers: { ...headers, 'Content-Length': length, ...reply.headers },
      body: hasBody ? count(answerUnder(fault, length, clock, disconnected)(chunks()), record) : null,
    };
  };
};
