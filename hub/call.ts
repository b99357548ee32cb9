import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import { SwpError } from '../core/error.js';
import { faultText, parseOrFaults } from '../core/faults.js';
import { holdsSecret } from '../core/redact.js';
import { checkAddress } from './address.js';
import type { Hub } from './hub.js';
import { errorOfAnswer, errorOfConnection, quoted, shownUrl } from './errors.js';
import { readBody, readStart, drain } from './read-body.js';
import { retrying } from './retry.js';
import type { Answer, TransportRequest } from './transport.js';

const ERROR_BODY = 64 * 1024;
const JSON_BODY = 64 * 1024 * 1024;

export interface HttpRequest extends Omit<TransportRequest, 'name' | 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves the token out: for a signed address, or a request that needs none. A request with the token must go to the Hub's own origin. */
  readonly withoutToken?: boolean | undefined;
  /**
   * The answer contains addresses. It is never displayed, and it may contain the token for a request to such an
   * address.
   */
  readonly handsOutAddresses?: true;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

const bodyLength = (body: HttpRequest['body']): number =>
  body === undefined ? 0 : body instanceof Uint8Array ? body.byteLength : body.length;

const headersOf = (hub: Hub, request: HttpRequest): Record<string, string> => {
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

const send = async (hub: Hub, request: HttpRequest): Promise<Answer> => {
  request.signal.throwIfAborted();
  checkAddress(hub, request.url);
  const { withoutToken: _withoutToken, handsOutAddresses: _handsOutAddresses, ...sent } = request;
  return hub.transport.exchange({
    ...sent,
    name: `${request.method} ${shownUrl(hub, request.url)}`,
    headers: headersOf(hub, request),
  });
};

/**
 * Runs one exchange and returns the answer with its body unread.
 *
 * @param accepts selects the statuses that count as success; they may include redirects
 * @throws SwpError for any other status, and for a failed connection
 */
export const attempt = async (
  hub: Hub,
  request: HttpRequest,
  accepts: (status: number) => boolean = (status) => status >= 200 && status < 300,
): Promise<Answer> => {
  try {
    const answer = await send(hub, request);
    if (accepts(answer.status)) return answer;
    throw errorOfAnswer(hub, request, { ...answer, ...(await readStart(answer.body, ERROR_BODY)) });
  } catch (error) {
    throw errorOfConnection(hub, request, error);
  }
};

/**
 * Rejects an answer that contains the Hub token: answers are displayed, used in plans and published.
 *
 * @throws SwpError `hub/bad-answer`
 */
export const refuseRepeatedToken = (hub: Hub, request: Pick<HttpRequest, 'method' | 'url'>, body: string): void => {
  if (hub.token === undefined || !holdsSecret([hub.token], body)) return;
  throw new SwpError('integrity', 'hub/bad-answer', `${request.method} ${shownUrl(hub, request.url)} repeats the token in its answer.`, {
    hint: 'The Hub never does this: check HF_ENDPOINT, and replace the token.',
  });
};

/** Reads the body of an answer as JSON and validates it. */
export const parseAnswer = async <T>(
  hub: Hub,
  request: HttpRequest,
  answer: Answer,
  schema: z.ZodType<T>,
  maxBytes = JSON_BODY,
): Promise<T> => {
  let body: string;
  try {
    body = (await readBody(hub.machine.clock, answer.body, maxBytes)).toString('utf8');
  } catch (error) {
    throw errorOfConnection(hub, request, error);
  }
  if (request.handsOutAddresses !== true) refuseRepeatedToken(hub, request, body);
  const refuse = (what: string): SwpError =>
    new SwpError('integrity', 'hub/bad-answer', `${request.method} ${shownUrl(hub, request.url)} sent an answer that ${what}.`);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw refuse(`is not JSON: ${quoted(hub, body)}`);
  }
  const parsed = parseOrFaults(schema, value);
  if ('data' in parsed) return parsed.data;
  throw refuse(
    `SWP does not expect: ${parsed.faults
      .slice(0, 1)
      .map((fault) => faultText(fault, 'answer'))
      .join('')}`,
  );
};

const HOPS = 3;

/**
 * Follows redirects on the Hub's own origin only: the Hub redirects reads to a repository's own spelling or its new
 * name.
 */
const attemptRead = async (hub: Hub, request: HttpRequest): Promise<Answer> => {
  let { url } = request;
  for (let hop = 0; ; hop += 1) {
    const answer = await attempt(
      hub,
      { ...request, url },
      (status) => (status >= 200 && status < 300) || (hop < HOPS && (status === 307 || status === 308)),
    );
    const target = answer.headers.location;
    if (answer.status < 300 || target === undefined) return answer;
    drain(answer.body);
    url = new URL(target, url);
    if (url.origin !== hub.endpoint.origin)
      throw new SwpError(
        'integrity',
        'hub/bad-answer',
        `${shownUrl(hub, request.url)} redirects to another origin, ${quoted(hub, url.origin)}.`,
      );
  }
};

/** Calls the Hub's API, with retries, and parses its JSON. */
export const callJson = async <T>(
  hub: Hub,
  request: HttpRequest,
  schema: z.ZodType<T>,
  maxBytes?: number,
): Promise<{ readonly value: T; readonly headers: IncomingHttpHeaders }> =>
  retrying(hub, request.signal, async () => {
    const answer = await (request.method === 'GET' ? attemptRead(hub, request) : attempt(hub, request));
    return { value: await parseAnswer(hub, request, answer, schema, maxBytes), headers: answer.headers };
  });

/** Works as {@link callJson} without retries, for requests that must not be repeated without a check in between. */
export const callJsonOnce = async <T>(hub: Hub, request: HttpRequest, schema: z.ZodType<T>): Promise<T> =>
  parseAnswer(hub, request, await attempt(hub, request), schema);

export const jsonBody = (value: unknown): { readonly headers: Record<string, string>; readonly body: Uint8Array } => ({
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode(JSON.stringify(value)),
});

/** Returns a URL on the Hub's origin for a path whose parts are already escaped. */
export const hubUrl = (hub: Hub, path: string): URL => new URL(path, hub.endpoint);

/** Escapes a file path for a URL, keeping its slashes. */
export const escapePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
