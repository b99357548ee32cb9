import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
import { sendReply } from './send.js';

interface DispatchOptions {
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

const parseAddress = (url = ''): Address => {
  const [path = '', search = ''] = url.split(/\?(.*)/s, 2);
  return { path, query: new URLSearchParams(search) };
};

/** Opens a file only when it is read: the handler of a request without a body never reads it, and the file is deleted. */
async function* readLazily(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** Checks the permission that the route requires, then handles the request with this body. */
const handleWith = async (
  hub: HubState,
  request: IncomingMessage,
  { route, params }: Match,
  { path, query }: Address,
  body: AsyncIterable<Uint8Array>,
): Promise<Reply> => {
  const { method = 'GET', headers } = request;
  if (route.guard === 'signed') requireSignature(hub, request, path, query);
  const identity = route.guard === 'signed' ? undefined : requireIdentity(hub, headers.authorization);
  return route.handle({ hub, method, path, params, query, headers, body, identity });
};

/** Returns a handler that matches a request to its route, applies faults, rate limit and permission check, and sends the response. */
export const createDispatch = (hub: HubState, { routes, log, intercept, disturb, closed, pace }: DispatchOptions) => {
  const findRoute = createRouter(routes);
  const connections = new WeakMap<Socket, number>();
  let opened = 0;
  const connectionOf = (socket: Socket): number => {
    const known = connections.get(socket) ?? (opened += 1);
    connections.set(socket, known);
    return known;
  };

  const handle = async (
    request: IncomingMessage,
    match: Match,
    address: Address,
    fault: Fault | undefined,
    disconnected: AbortSignal,
  ): Promise<Reply> => {
    if (fault?.kind === 'status') return scriptedReply(fault);
    if (fault?.kind !== 'hold') return handleWith(hub, request, match, address, bodyUnder(fault, request, disconnected));
    // Read the body before the wait: a client that gives up in the meantime has still sent its request, as behind a slow gateway.
    const held = await spool(request, hub.store.temporary.path());
    try {
      await Promise.race([fault.until, closed]);
      return await handleWith(hub, request, match, address, readLazily(held.path));
    } finally {
      await rm(held.path, { force: true });
    }
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    const address = parseAddress(request.url);
    response.setHeader('X-Request-Id', `Root=1-${randomUUID()}`);
    // Keep the socket, since a request whose body was not read to its end drops its reference to it.
    const { socket } = request;
    const disconnected = new AbortController();
    response.once('close', () => disconnected.abort());
    let record: OpenRecord | undefined;
    let fault: Fault | undefined;
    let reply: Reply;
    try {
      const match = findRoute(method, address.path);
      const exchange = describeExchange(request, match, address.query, connectionOf(socket));
      record = log.open(exchange, request.headers);
      fault = intercept(exchange);
      record.fault = fault?.kind;
      if (fault?.kind === 'reset') {
        await readUpTo(request, fault.afterBytes ?? 0);
        socket.destroy();
        return;
      }
      if (fault !== undefined) await disturb(fault, exchange);
      if (match?.route.guard !== 'signed') takeLimit(hub, request, response, match?.route.limit ?? 'api');
      if (match === undefined) throw refuse(404, "Sorry, we can't find the page you are looking for.");
      reply = await handle(request, match, address, fault, disconnected.signal);
    } catch (error) {
      if (error instanceof Refusal) reply = error.reply;
      // The client is gone and cannot read a response.
      else if (socket.destroyed) return;
      else reply = json(500, { error: `Internal Error: ${messageOf(error)}` });
    }

    if (fault?.kind === 'hold-after') await Promise.race([fault.until, closed]);
    reply = replyUnder(fault, reply);
    // A response without a body has no byte after which it could be cut.
    if (fault?.kind === 'apply-then-reset' || (fault?.kind === 'reset-answer' && (reply.body === '' || method === 'HEAD'))) {
      socket.destroy();
      return;
    }
    try {
      const alter = answerUnder(fault, response, disconnected.signal);
      await sendReply(response, reply, { withBody: method !== 'HEAD', ...(record === undefined ? {} : { record }), pace, alter });
    } catch {
      // The client disconnected in the middle of the response, which is not an error.
      response.destroy();
    }
  };
};
