import type { IncomingHttpHeaders } from 'node:http';
import { SwpError, type ErrorKind } from '../core/error.js';
import { oneLine } from '../core/text.js';
import { redactorOf, type HubConfig } from './config.js';
import { firstHeader } from './first-header.js';
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

/**
 * Words of the far end as they may stand in a message: without secrets, then in one bounded line.
 *
 * @param text raw, since in what was cut or folded before a token is not found any more
 */
export const quoted = (hub: HubConfig, text: string, max = 80, end: 'whole' | 'cut' = 'whole'): string =>
  oneLine(redactorOf(hub)(text, end), max);

/** A URL as it may be shown: signatures live in the query. */
export const shownUrl = (hub: HubConfig, url: URL): string => quoted(hub, `${url.origin}${url.pathname}`, 300);

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
export const requestId = (hub: HubConfig, headers: IncomingHttpHeaders): string | undefined => {
  const id = firstHeader(headers['x-request-id'] ?? headers['x-amz-request-id']);
  return id === undefined ? undefined : quoted(hub, id);
};

interface Asked {
  readonly method: string;
  readonly url: URL;
}

/** An answer that is no success, with what was read of its body. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether that is all of the body. */
  readonly end: 'whole' | 'cut';
}

/** What an answer that is no success means, with what the Hub said and the id to ask its support about. */
export const errorOfAnswer = (hub: HubConfig, request: Asked, { status, headers, body, end }: FailedAnswer): SwpError => {
  const said = quoted(hub, saidBy(body) || (firstHeader(headers['x-error-message']) ?? ''), 300, end);
  const { kind, code, hint } = meaningOf(status, firstHeader(headers['x-error-code']) ?? '', said);
  const id = requestId(hub, headers);
  const retryAfterMs = waitAsked(headers, Date.now());
  return new SwpError(
    kind,
    code,
    `${request.method} ${shownUrl(hub, request.url)}: ${status}${said === '' ? '' : `: ${said}`}${id === undefined ? '' : ` (request ${id})`}`,
    {
      ...(hint === undefined ? {} : { hint }),
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    },
  );
};

/** The code of a failed connection, with what else is known of it. It has no cause: that may quote the far end. */
const detailOf = (hub: HubConfig, code: string, { message }: Error): string => {
  const detail = quoted(hub, message, 200);
  return detail === '' || detail === code ? code : detail.includes(code) ? detail : `${code}: ${detail}`;
};

/** What a broken connection means; what is none is given back as it is. */
export const errorOfConnection = (hub: HubConfig, request: Asked, error: unknown): unknown => {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  if (!TRANSIENT_CODES.has(code) && !code.startsWith('HPE_')) return error;
  return new SwpError('unavailable', 'hub/connection', `${request.method} ${shownUrl(hub, request.url)}: ${detailOf(hub, code, error)}`, {
    hint: 'The Hub cannot be reached; look at the network and at HF_ENDPOINT.',
  });
};
