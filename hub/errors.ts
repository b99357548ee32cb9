import type { IncomingHttpHeaders } from 'node:http';
import { SwpError, type ErrorKind } from '../core/error.js';
import { oneLine } from '../core/text.js';
import { waitAsked } from './rate-limit.js';

const TRANSIENT_STATUS = new Set([408, 425, 500, 502, 503, 504, 520, 522, 524]);
const TRANSIENT_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'HPE_INVALID_CONSTANT',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** A URL as it may be shown: signatures live in the query. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}`;

const saidBy = (body: string): string => {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) {
      if ('error' in parsed && typeof parsed.error === 'string') return parsed.error;
      if ('message' in parsed && typeof parsed.message === 'string') return parsed.message;
    }
  } catch {
    // Not JSON: the text itself is what it said.
  }
  return body;
};

interface Meaning {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint?: string;
}

const QUOTA = /quota|storage (limit|patterns)|private storage|exceeded|billing/i;

const meaningOf = (status: number, errorCode: string, said: string): Meaning => {
  if (status === 429) return { kind: 'unavailable', code: 'hub/rate-limited' };
  if (TRANSIENT_STATUS.has(status) || /RequestTimeout/.test(said)) return { kind: 'unavailable', code: 'hub/unavailable' };
  if (errorCode === 'GatedRepo')
    return { kind: 'access', code: 'hub/gated', hint: "Accept the repository's terms with the account of this token, then retry." };
  if (errorCode === 'RevisionNotFound') return { kind: 'not-found', code: 'hub/revision-not-found' };
  if (errorCode === 'EntryNotFound') return { kind: 'not-found', code: 'hub/file-not-found' };
  if (errorCode === 'RepoNotFound')
    return {
      kind: 'not-found',
      code: 'hub/not-found',
      hint: 'Look for a typing error; a private repository needs a token that may read it.',
    };
  if (status === 401)
    return {
      kind: 'access',
      code: 'hub/unauthorized',
      hint: 'The token is missing, wrong or expired: set HF_TOKEN to one that works, restart, then retry.',
    };
  if (status === 403 && QUOTA.test(said))
    return { kind: 'quota', code: 'hub/quota', hint: 'Free storage on the Hub or raise the plan, then retry.' };
  if (status === 403)
    return {
      kind: 'access',
      code: 'hub/forbidden',
      hint: 'This token may not do that: use one with the right role in that namespace, then retry.',
    };
  if (status === 404)
    return {
      kind: 'not-found',
      code: 'hub/not-found',
      hint: 'Look for a typing error; a private repository needs a token that may read it.',
    };
  if (status === 409) return { kind: 'conflict', code: 'hub/conflict' };
  if (status === 412) return { kind: 'stale', code: 'hub/precondition' };
  if (status === 413)
    return {
      kind: 'quota',
      code: 'hub/too-large',
      hint: 'The Hub takes no file or commit of this size: split it, or ask for a higher limit.',
    };
  return { kind: 'conflict', code: 'hub/refused' };
};

/** What the Hub, or the storage behind it, names a request by. */
export const requestId = (headers: IncomingHttpHeaders): string | undefined => {
  const id = headers['x-request-id'] ?? headers['x-amz-request-id'];
  return id === undefined ? undefined : oneLine(String(id), 80);
};

/** What an answer that is no success means, with what the Hub said and the id to ask its support about. */
export const errorOfAnswer = (
  request: { readonly method: string; readonly url: URL },
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
): SwpError => {
  const said = oneLine(saidBy(body) || String(headers['x-error-message'] ?? ''), 300);
  const { kind, code, hint } = meaningOf(status, String(headers['x-error-code'] ?? ''), said);
  const id = requestId(headers);
  const retryAfterMs = waitAsked(headers, Date.now());
  return new SwpError(
    kind,
    code,
    `${request.method} ${shownUrl(request.url)}: ${status}${said === '' ? '' : `: ${said}`}${id === undefined ? '' : ` (request ${id})`}`,
    {
      ...(hint === undefined ? {} : { hint }),
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    },
  );
};

/** What a broken connection means; what is none is given back as it is. */
export const errorOfConnection = (request: { readonly method: string; readonly url: URL }, error: unknown): unknown => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!TRANSIENT_CODES.has(code) && !code.startsWith('HPE_')) return error;
  return new SwpError('unavailable', 'hub/connection', `${request.method} ${shownUrl(request.url)}: ${code}`, {
    cause: error,
    hint: 'The Hub cannot be reached; look at the network and at HF_ENDPOINT.',
  });
};
