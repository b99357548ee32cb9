import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SwpError } from '../core/error.js';
import type { RateLimiter } from '../core/rate-limiter.js';
import { redactor, type Redact } from '../core/redact.js';
import { Secret } from '../core/secret.js';
import type { RateBudget } from './budget.js';
import type { Agents } from './http.js';
import type { HubMeter } from './meter.js';

export interface HubConfig {
  readonly endpoint: URL;
  readonly token?: Secret;
  /** Removes the secrets of this process from text of the Hub; without it, only the token is removed. */
  readonly redact?: Redact;
  /** Maximum attempts per request; without it, transient failures are retried without limit. */
  readonly attempts?: number;
  /** Receives the reason for each retry, the wait before it, and the time for which the request has failed. */
  readonly onRetry?: (error: SwpError, waitMs: number, failingMs: number) => void;
  /** Counts the traffic of all calls. */
  readonly meter?: HubMeter;
  /** Set for background work, which leaves the rest of the Hub's rate limit to other work. */
  readonly budget?: RateBudget;
  /** The rate limit that all uploads share, if there is one. */
  readonly uploadLimiter?: RateLimiter;
  /** Connections for these calls only; without them, all calls of the process share connections. */
  readonly agents?: Agents;
  /** Replaces the wait between attempts in tests. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';

const given = (value: string | undefined): string | undefined => (value === undefined || value.trim() === '' ? undefined : value.trim());

/**
 * Returns the tokens that the `hf` CLI would find: in `HF_TOKEN`, in its older name, and in the file that `hf auth
 * login` wrote.
 */
export const hubTokensIn = (env: NodeJS.ProcessEnv): Secret[] =>
  [given(env['HF_TOKEN']), given(env['HUGGING_FACE_HUB_TOKEN']), storedToken(env)].flatMap((token) =>
    token === undefined ? [] : [new Secret(token)],
  );

const storedToken = (env: NodeJS.ProcessEnv): string | undefined => {
  const cache = given(env['XDG_CACHE_HOME']) ?? join(given(env['HOME']) ?? homedir(), '.cache');
  const home = given(env['HF_HOME']) ?? join(cache, 'huggingface');
  try {
    return given(readFileSync(given(env['HF_TOKEN_PATH']) ?? join(home, 'token'), 'utf8'));
  } catch {
    return undefined;
  }
};

/** Parses `HF_ENDPOINT`. Its errors never show the address, which may contain a password. */
const endpointFrom = (env: NodeJS.ProcessEnv): URL => {
  const text = given(env['HF_ENDPOINT']) ?? DEFAULT_ENDPOINT;
  const endpoint = URL.canParse(text) ? new URL(text) : null;
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol))
    throw new SwpError('invalid', 'hub/endpoint', 'HF_ENDPOINT must be an address that begins with https:// or http://.');
  if (endpoint.username !== '' || endpoint.password !== '')
    throw new SwpError('invalid', 'hub/endpoint', 'HF_ENDPOINT must not contain a user name or a password.', {
      hint: 'Set the token as HF_TOKEN instead.',
    });
  return endpoint;
};

/**
 * Reads the endpoint and the token of the Hub from `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH` and `HF_HOME`.
 *
 * @throws SwpError `hub/endpoint`, `hub/token-form`
 */
export const hubConfigFromEnv = (env: NodeJS.ProcessEnv): HubConfig => {
  const endpoint = endpointFrom(env);
  const [token] = hubTokensIn(env);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token.reveal()))
    throw new SwpError('invalid', 'hub/token-form', 'The Hub token contains characters that are not valid in a token.', {
      hint: 'Look for a line break or quotes around HF_TOKEN.',
    });
  return { endpoint, ...(token === undefined ? {} : { token }) };
};

/** Returns the function that removes secrets from this Hub's text. */
export const redactorOf = ({ redact, token }: HubConfig): Redact => redact ?? redactor(token === undefined ? [] : [token]);

/** Returns the same Hub with another token. The previous token stays redacted: a hostile Hub may repeat it. */
export const withToken = (hub: HubConfig, token: Secret): HubConfig => {
  const [before, own] = [redactorOf(hub), redactor([token])];
  return { ...hub, token, redact: (text, end) => own(before(text, end), end) };
};

/** Limits the attempts of each call, for interactive use: without a limit, a call retries until it succeeds. */
export const withPatience = (hub: HubConfig, attempts: number): HubConfig => ({ ...hub, attempts });
