import type { IncomingHttpHeaders } from 'node:http';
import { SwpError, type ErrorKind } from '../core/error.js';
import { sanitizeLine } from '../core/text.js';
import type { Hub } from './hub.js';
import { firstHeader } from './first-header.js';
import { parseRetryAfter } from './rate-limit.js';

/**
 * Transient statuses below 500: timeouts (408), requests that came too early (425) or over another host's connection
 * (421).
 */
const TRANSIENT_4XX = new Set([408, 421, 425]);
/**
 * Permanent statuses from 500 up, with a hint for each. All other statuses from 500 up are transient problems of the
 * server.
 */
const PERMANENT_5XX: ReadonlyMap<number, string> = new Map([
  [505, 'The server does not support HTTP/1.1: check HF_ENDPOINT, and the proxy if there is one.'],
  [511, 'This network requires a login (RFC 6585): log in, then retry.'],
]);

const isTransientStatus = (status: number): boolean => TRANSIENT_4XX.has(status) || (status >= 500 && !PERMANENT_5XX.has(status));

const TRANSIENT_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'ERR_STREAM_PREMATURE_CLOSE',
  // The TLS handshake failed: an alert of the server, or bytes that are not TLS.
  'EPROTO',
]);
/** Prefixes of Node's codes for errors of the HTTP parser, and for OpenSSL errors that do not concern a certificate. */
const TRANSIENT_PREFIXES = ['HPE_', 'ERR_SSL_'];

const isTransientCode = (code: string): boolean =>
  TRANSIENT_CODES.has(code) || TRANSIENT_PREFIXES.some((prefix) => code.startsWith(prefix));

/** Matches the codes of a certificate that was checked and rejected (Node, `tls`, "X509 certificate error codes"). */
const CERTIFICATE_CODE = /CERT|ISSUER|LEAF_SIGNATURE|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|CRL/;

/**
 * Prepares text of the server for a message: removes secrets, then makes one bounded line.
 *
 * @param text the raw text: a token is not recognised in a text that was already cut or folded
 */
export const quoted = (hub: Hub, text: string, max = 80, end: 'whole' | 'cut' = 'whole'): string =>
  sanitizeLine(hub.redact(text, end), max);

/** Returns a URL for display, without its query, which may contain a signature. */
export const shownUrl = (hub: Hub, url: URL): string => quoted(hub, `${url.origin}${url.pathname}`, 300);

/** Returns the error in the XML that S3 and compatible servers send. */
const errorInXml = (body: string): string | null => {
  const [code, message] = ['Code', 'Message'].map((name) => new RegExp(`<${name}>([^<]{1,500})</${name}>`).exec(body)?.[1]);
  return code === undefined ? null : `${code}${message === undefined ? '' : `: ${message}`}`;
};

const errorMessage = (body: string): string => {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) {
      if ('error' in parsed && typeof parsed.error === 'string') return parsed.error;
      if ('message' in parsed && typeof parsed.message === 'string') return parsed.message;
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  return errorInXml(body) ?? body;
};

interface Classification {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint?: string;
}

const QUOTA = /quota|storage (limit|patterns)|private storage|exceeded|billing/i;

const STORAGE_HINT =
  'The storage refuses an address that the Hub sent. Retry later; if it fails again, send this message to the support of the Hub.';

/**
 * Classifies an error of the storage. It receives no token, so it checks only the signed address. Some answer 400 for
 * an expired one.
 */
const classifyStorageError = (status: number, message: string): Classification | null => {
  if (status >= 400 && status < 500 && /expired/i.test(message)) return { kind: 'access', code: 'hub/address-expired', hint: STORAGE_HINT };
  if (status === 403 && QUOTA.test(message)) return null;
  if (status === 401 || status === 403) return { kind: 'access', code: 'hub/forbidden', hint: STORAGE_HINT };
  return status === 404 ? { kind: 'not-found', code: 'hub/not-found', hint: STORAGE_HINT } : null;
};

const classify = (status: number, errorCode: string, message: string, sent: 'token' | 'no-token' | 'to-storage'): Classification => {
  if (status === 429) return { kind: 'unavailable', code: 'hub/rate-limited' };
  if (isTransientStatus(status) || /RequestTimeout/.test(message)) return { kind: 'unavailable', code: 'hub/unavailable' };
  const permanent = PERMANENT_5XX.get(status);
  if (permanent !== undefined) return { kind: 'conflict', code: 'hub/refused', hint: permanent };
  const atStorage = sent === 'to-storage' ? classifyStorageError(status, message) : null;
  if (atStorage !== null) return atStorage;
  if (errorCode === 'GatedRepo')
    return { kind: 'access', code: 'hub/gated', hint: "Accept the repository's terms with the account of this token, then retry." };
  if (errorCode === 'RevisionNotFound') return { kind: 'not-found', code: 'hub/revision-not-found' };
  if (errorCode === 'EntryNotFound') return { kind: 'not-found', code: 'hub/file-not-found' };
  if (errorCode === 'RepoNotFound')
    return {
      kind: 'not-found',
      code: 'hub/not-found',
      hint: 'Check for a typing error. A private repository needs a token that may read it.',
    };
  if (status === 401)
    return {
      kind: 'access',
      code: 'hub/unauthorized',
      hint: 'The token is missing, wrong or expired. Set HF_TOKEN to a valid token and try again; a worker must be restarted to use it.',
    };
  if (status === 403 && QUOTA.test(message))
    return { kind: 'quota', code: 'hub/quota', hint: 'Free storage on the Hub or upgrade its plan, then retry.' };
  if (status === 403)
    return {
      kind: 'access',
      code: 'hub/forbidden',
      hint:
        sent === 'token'
          ? 'This token does not have permission. Use one with the right role in that namespace, then retry.'
          : 'No token was sent. Set HF_TOKEN to a token with permission and try again; a worker must be restarted to use it.',
    };
  if (status === 404)
    return {
      kind: 'not-found',
      code: 'hub/not-found',
      hint: 'Check for a typing error. A private repository needs a token that may read it.',
    };
  if (status === 409) return { kind: 'conflict', code: 'hub/conflict' };
  if (status === 412) return { kind: 'stale', code: 'hub/precondition' };
  if (status === 413)
    return {
      kind: 'quota',
      code: 'hub/too-large',
      hint: 'The Hub does not accept a file or commit of this size: split it, or ask for a higher limit.',
    };
  return { kind: 'conflict', code: 'hub/refused' };
};

/** Returns the request id that the Hub, its storage or its CDN assigned. */
export const requestId = (hub: Hub, headers: IncomingHttpHeaders): string | undefined => {
  const id = firstHeader(headers['x-request-id'] ?? headers['x-amz-request-id'] ?? headers['x-amz-cf-id']);
  return id === undefined ? undefined : quoted(hub, id);
};

/** Maximum length of a shown message of another host: a hostile Hub may have named any host. */
const FOREIGN_MESSAGE_LENGTH = 120;

interface RequestLine {
  readonly method: string;
  readonly url: URL;
}

/** An unsuccessful answer, with the part of its body that was read. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** `cut` if the body continues after this part. */
  readonly end: 'whole' | 'cut';
}

/** Converts an unsuccessful answer to an error with the Hub's message and the request id for its support. */
export const errorOfAnswer = (
  hub: Hub,
  request: RequestLine & { readonly withoutToken?: boolean | undefined },
  { status, headers, body, end }: FailedAnswer,
): SwpError => {
  const longest = request.url.origin === hub.endpoint.origin ? 300 : FOREIGN_MESSAGE_LENGTH;
  const serverMessage = quoted(hub, errorMessage(body) || (firstHeader(headers['x-error-message']) ?? ''), longest, end);
  const sent = request.withoutToken === true ? 'to-storage' : hub.token === undefined ? 'no-token' : 'token';
  const { kind, code, hint } = classify(status, firstHeader(headers['x-error-code']) ?? '', serverMessage, sent);
  const id = requestId(hub, headers);
  const retryAfterMs = parseRetryAfter(headers, hub.machine.clock.now());
  return new SwpError(
    kind,
    code,
    `${request.method} ${shownUrl(hub, request.url)}: ${status}${serverMessage === '' ? '' : `: ${serverMessage}`}${id === undefined ? '' : ` (request ${id})`}`,
    {
      ...(hint === undefined ? {} : { hint }),
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    },
  );
};

/** Returns the code and the message of a failed connection. The error gets no cause, which could quote the server. */
const detailOf = (hub: Hub, code: string, { message }: Error): string => {
  const detail = quoted(hub, message, 200);
  return detail === '' || detail === code ? code : detail.includes(code) ? detail : `${code}: ${detail}`;
};

/** Converts an error of a broken connection; returns any other error unchanged. */
export const errorOfConnection = (hub: Hub, request: RequestLine, error: unknown): unknown => {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  const message = `${request.method} ${shownUrl(hub, request.url)}: ${detailOf(hub, code, error)}`;
  if (isTransientCode(code))
    return new SwpError('unavailable', 'hub/connection', message, {
      hint: 'The Hub cannot be reached: check the network and HF_ENDPOINT.',
    });
  if (!CERTIFICATE_CODE.test(code)) return error;
  return new SwpError('invalid', 'hub/certificate', message, {
    hint: 'Check HF_ENDPOINT and the clock of this machine. If a proxy or your own hub uses its own certificate authority, set NODE_EXTRA_CA_CERTS to its certificate and restart.',
  });
};
