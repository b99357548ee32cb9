import { Secret } from '../core/secret.js';
import { hubTokensIn } from '../hub/hub-config.js';
import { SECRET_SETTINGS } from './known-settings.js';

/**
 * Secrets that code other than the Hub's client reads. They must never appear in text, even if other settings are
 * invalid.
 */
const NAMED = [...SECRET_SETTINGS, 'TEMPORAL_API_KEY'];

/**
 * Returns every secret in the environment of a process or in a file that it names, except those that are only in
 * `temporal.toml`.
 */
export const secretsIn = (env: NodeJS.ProcessEnv): Secret[] => [
  ...hubTokensIn(env),
  ...NAMED.flatMap((name) => {
    const text = env[name]?.trim() ?? '';
    return text === '' ? [] : [new Secret(text)];
  }),
];
