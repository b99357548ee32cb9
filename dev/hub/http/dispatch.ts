import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../../core/error.js';
import type { Fault, Intercept } from '../operations.js';
import { spool } from '../store/spool.js';
import type { HubState } from './context.js';
import { describeExchange } from './describeExchange.js';
import { requireIdentity, requireSignature, takeLimit } from './guards.js';
import { json, Refusal, refuse, type Reply } from './reply.js';
import type { Pace } from '../../../core/pace.js';
import type { OpenRecord, RequestLog } from './requestLog.js';
import { createRouter, type Match, type Route } from './router.js';
import { sendReply } from './send.js';

interface DispatchOptions {
  readonly routes: readonly Route[];
  readonly log: RequestLog;
  readonly intercept: Intercept;
  /** Resolves when the hub closes, which ends every hold. */
  readonly closed: Promise<void>;
  /** How fast answers go out. */
  readonly pace?: Pace | undefined;
}

interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

const parseAddress = (url = ''): Address => {
  const [path = '', search = ''] = url.split(/\?(.*)/s, 2);
  return { path, query: new URLSearchParams(search) };
};

const scriptedReply = ({ status, headers, body }: Extract<Fault, { kind: 'status' }>): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: body ?? '{"error":"scripted fault"}',
});

/** Checks the permission that the route wants, then handles the request with this body. */
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

/** Takes a request through match, fault, limit, permission and handling to its answer. */
export const createDispatch = (hub: HubState, { routes, log, intercept, closed, pace }: DispatchOptions) => {
  const findRoute = createRouter(routes);

  const handle = async (request: IncomingMessage, match: Match, address: Address, fault: Fault | undefined): Promise<Reply> => {
    if (fault?.kind === 'status') return scriptedReply(fault);
    if (fault?.kind !== 'hold') return handleWith(hub, request, match, address, request);
    // The body is read before the wait: a client that gives up in the meantime has still asked, as behind a slow gateway.
    const held = await spool(request, hub.store.temporary.path());
    try {
      await Promise.race([fault.until, closed]);
      return await handleWith(hub, request, match, address, createReadStream(held.path));
    } finally {
      await rm(held.path, { force: true });
    }
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    const address = parseAddress(request.url);
    response.setHeader('X-Request-Id', `Root=1-${randomUUID()}`);
    let record: OpenRecord | undefined;
    let fault: Fault | undefined;
    let reply: Reply;
    try {
      const match = findRoute(method, address.path);
      const exchange = describeExchange(method, request.url ?? '', match, address.query);
      record = log.open(exchange, request.headers);
      fault = intercept(exchange);
      if (fault?.kind === 'reset') {
        request.socket.destroy();
        return;
      }
      if (match?.route.guard !== 'signed') takeLimit(hub, request, response, match?.route.limit ?? 'api');
      if (match === undefined) throw refuse(404, "Sorry, we can't find the page you are looking for.");
      reply = await handle(request, match, address, fault);
    } catch (error) {
      if (error instanceof Refusal) reply = error.reply;
      // The client is gone, and with it the one who would read the answer.
      else if (request.socket.destroyed) return;
      else reply = json(500, { error: `Internal Error: ${messageOf(error)}` });
    }

    if (fault?.kind === 'hold-after') await Promise.race([fault.until, closed]);
    if (fault?.kind === 'apply-then-reset') {
      request.socket.destroy();
      return;
    }
    try {
      await sendReply(response, reply, { withBody: method !== 'HEAD', ...(record === undefined ? {} : { record }), pace });
    } catch {
      // The client went away in the middle of its answer, which is its right.
      response.destroy();
    }
  };
};
