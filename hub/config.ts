import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SwpError } from '../core/error.js';
import type { Pace } from '../core/pace.js';
import type { RateBudget } from './budget.js';
import type { HubMeter } from './meter.js';
import { Secret } from './secret.js';

export interface HubConfig {
  readonly endpoint: URL;
  readonly token?: Secret;
  /** How often a request is tried; without it, transient failures are retried for as long as it takes. */
  readonly attempts?: number;
  /** Told why a request is tried again, and after how long. */
  readonly onRetry?: (error: SwpError, waitMs: number) => void;
  /** Counts for all calls, whatever they are for. */
  readonly meter?: HubMeter;
  /** Set for work that nobody waits for: it leaves the rest of the Hub's rate limit to others. */
  readonly budget?: RateBudget;
  /** What all uploads share, where their rate is limited. */
  readonly uploadPace?: Pace;
  /** Replaces waiting, in tests. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';

const given = (value: string | undefined): string | undefined => (value === undefined || value.trim() === '' ? undefined : value.trim());

/** The token that the `hf` CLI would use: `HF_TOKEN`, else the file that `hf auth login` wrote. */
const tokenFrom = (env: NodeJS.ProcessEnv): string | undefined => {
  const direct = given(env['HF_TOKEN']) ?? given(env['HUGGING_FACE_HUB_TOKEN']);
  if (direct !== undefined) return direct;
  const cache = given(env['XDG_CACHE_HOME']) ?? join(given(env['HOME']) ?? homedir(), '.cache');
  const home = given(env['HF_HOME']) ?? join(cache, 'huggingface');
  try {
    return given(readFileSync(given(env['HF_TOKEN_PATH']) ?? join(home, 'token'), 'utf8'));
  } catch {
    return undefined;
  }
};

/**
 * Where the Hub is and who we are there, from `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH` and `HF_HOME`.
 *
 * @throws SwpError `hub/endpoint`, `hub/token-form`
 */
export const hubConfigFromEnv = (env: NodeJS.ProcessEnv): HubConfig => {
  const text = given(env['HF_ENDPOINT']) ?? DEFAULT_ENDPOINT;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new SwpError('invalid', 'hub/endpoint', `HF_ENDPOINT is no http(s) address: ${text}.`);
  const token = tokenFrom(env);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new SwpError('invalid', 'hub/token-form', 'The Hub token has characters that no token has.', {
      hint: 'Look for a line break or quotes around HF_TOKEN.',
    });
  return { endpoint: new URL(text), ...(token === undefined ? {} : { token: new Secret(token) }) };
};

export const withToken = (hub: HubConfig, token: string): HubConfig => ({ ...hub, token: new Secret(token) });

/** For a person who waits: gives up after so many tries instead of waiting for as long as it takes. */
export const withPatience = (hub: HubConfig, attempts: number): HubConfig => ({ ...hub, attempts });

/** The tokens in these configurations, for scrubbing. */
export const secretsOf = (...hubs: readonly HubConfig[]): string[] =>
  hubs.flatMap(({ token }) => (token === undefined ? [] : [token.reveal()]));
