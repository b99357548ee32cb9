import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SwpError } from '../core/error.js';
import { Secret } from '../core/secret.js';

/** The address of a Hub, and the token to use there. */
export interface HubConfig {
  readonly endpoint: URL;
  readonly token?: Secret;
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
