import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { SwpError } from '../core/error.js';
import { faultText, parseOrFaults } from '../core/faults.js';
import { holdsSecret } from '../core/redact.js';
import type { HubConfig } from './config.js';
import { errorOfAnswer, errorOfConnection, quoted, shownUrl } from './errors.js';
import { exchange, readBody, readStart, type HttpRequest } from './http.js';
import { retrying } from './retry.js';

const ERROR_BODY = 64 * 1024;
const JSON_BODY = 64 * 1024 * 1024;
const MISDIRECTED = 421;

export interface CallOptions {
  readonly signal: AbortSignal;
}

/**
 * Runs one exchange and returns the answer with its body unread.
 *
 * @param accepts selects the statuses that count as success; they may include redirects
 * @throws SwpError for any other status, and for a failed connection
 */
export const attempt = async (
  hub: HubConfig,
  request: HttpRequest,
  accepts: (status: number) => boolean = (status) => status >= 200 && status < 300,
): Promise<IncomingMessage> => {
  let answer: IncomingMessage;
  try {
    answer = await exchange(hub, request);
  } catch (error) {
    throw errorOfConnection(hub, request, error);
  }
  const status = answer.statusCode ?? 0;
  if (accepts(status)) return answer;
  const { socket } = answer;
  let start: Awaited<ReturnType<typeof readStart>>;
  try {
    start = await readStart(answer, ERROR_BODY);
  } catch (error) {
    throw errorOfConnection(hub, request, error);
  }
  // The connection leads to another host (RFC 9110, 15.5.20), so it must not be reused.
  if (status === MISDIRECTED) socket.destroy();
  throw errorOfAnswer(hub, request, { status, headers: answer.headers, ...start });
};

/**
 * Rejects an answer that contains the Hub token: answers are displayed, used in plans and published.
 *
 * @throws SwpError `hub/bad-answer`
 */
export const refuseRepeatedToken = (hub: HubConfig, request: Pick<HttpRequest, 'method' | 'url'>, body: string): void => {
  if (hub.token === undefined || !holdsSecret([hub.token], body)) return;
  throw new SwpError('integrity', 'hub/bad-answer', `${request.method} ${shownUrl(hub, request.url)} repeats the token in its answer.`, {
    hint: 'The Hub never does this: check HF_ENDPOINT, and replace the token.',
  });
};

/** Reads the body of an answer as JSON and validates it. */
export const parseAnswer = async <T>(
  hub: HubConfig,
  request: HttpRequest,
  answer: IncomingMessage,
  schema: z.ZodType<T>,
  maxBytes = JSON_BODY,
): Promise<T> => {
  let body: string;
  try {
    body = (await readBody(answer, maxBytes)).toString('utf8');
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
const attemptRead = async (hub: HubConfig, request: HttpRequest): Promise<IncomingMessage> => {
  let { url } = request;
  for (let hop = 0; ; hop += 1) {
    const answer = await attempt(
      hub,
      { ...request, url },
      (status) => (status >= 200 && status < 300) || (hop < HOPS && (status === 307 || status === 308)),
    );
    const target = answer.headers.location;
    if ((answer.statusCode ?? 0) < 300 || target === undefined) return answer;
    answer.resume();
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
  hub: HubConfig,
  request: HttpRequest,
  schema: z.ZodType<T>,
  maxBytes?: number,
): Promise<{ readonly value: T; readonly headers: IncomingHttpHeaders }> =>
  retrying(hub, request.signal, async () => {
    const answer = await (request.method === 'GET' ? attemptRead(hub, request) : attempt(hub, request));
    return { value: await parseAnswer(hub, request, answer, schema, maxBytes), headers: answer.headers };
  });

/** Works as {@link callJson} without retries, for requests that must not be repeated without a check in between. */
export const callJsonOnce = async <T>(hub: HubConfig, request: HttpRequest, schema: z.ZodType<T>): Promise<T> =>
  parseAnswer(hub, request, await attempt(hub, request), schema);

export const jsonBody = (value: unknown): { readonly headers: Record<string, string>; readonly body: Uint8Array } => ({
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode(JSON.stringify(value)),
});

/** Returns a URL on the Hub's origin for a path whose parts are already escaped. */
export const hubUrl = (hub: HubConfig, path: string): URL => new URL(path, hub.endpoint);

/** Escapes a file path for a URL, keeping its slashes. */
export const escapePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
