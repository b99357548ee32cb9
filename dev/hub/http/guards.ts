import type { OutgoingHttpHeaders } from 'node:http';
import type { HubRequest } from './handle-request.js';
import { identify, type Identity } from '../auth.js';
import type { LimitName } from '../rate-limit.js';
import type { HubState } from './context.js';
import { Refusal, refuse, xmlError } from './reply.js';

/** Counts the request, adds the two limit headers to those of the response, and refuses with 429 if the quota of the window is used up. */
export const takeLimit = (hub: HubState, request: HubRequest, headers: OutgoingHttpHeaders, name: LimitName): void => {
  const limit = hub.limiter.take(name, request.headers.authorization ?? '');
  Object.assign(headers, limit.headers);
  if (!limit.exceeded) return;
  const { windowSeconds } = hub.settings.rateLimit;
  throw refuse(429, `We had to rate limit you, you hit the quota of ${limit.quota} ${name} requests per ${windowSeconds} seconds period.`);
};

/** Returns the identity of the sender. Refuses an unknown token everywhere. */
export const requireIdentity = (hub: HubState, authorization: string | undefined): Identity => {
  const identity = identify(hub.settings.tokens, authorization);
  if (identity === 'invalid') throw refuse(401, 'Invalid username or password.');
  return identity;
};

const TWO_MECHANISMS =
  'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the ' +
  'Authorization header should be specified';

/**
 * Checks a signed address in S3's order: two permissions in one request, then a wrong signature, then an expired one. The
 * first check catches a client that sends its token to storage.
 */
export const requireSignature = (hub: HubState, { method, headers }: HubRequest, path: string, query: URLSearchParams): void => {
  if (headers.authorization !== undefined) throw new Refusal(xmlError(400, 'InvalidArgument', TWO_MECHANISMS));
  const verdict = hub.signer.check(method === 'HEAD' ? 'GET' : method, path, query);
  if (verdict === 'forged') {
    const message = 'The request signature we calculated does not match the signature you provided.';
    throw new Refusal(xmlError(403, 'SignatureDoesNotMatch', message));
  }
  if (verdict === 'expired') throw new Refusal(xmlError(403, 'AccessDenied', 'Request has expired'));
};
