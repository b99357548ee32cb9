import { Secret } from '../core/secret.js';
import { hubTokensIn } from '../hub/config.js';

/** Read by others than the Hub's client; whatever else is wrong there, these are for no text. */
const NAMED = ['SWP_SOURCE_TOKEN', 'SWP_WEBHOOK', 'TEMPORAL_API_KEY'];

/** Every secret that the environment of a process holds or names a file for, but what only `temporal.toml` has. */
export const secretsIn = (env: NodeJS.ProcessEnv): Secret[] => [
  ...hubTokensIn(env),
  ...NAMED.flatMap((name) => {
    const text = env[name]?.trim() ?? '';
    return text === '' ? [] : [new Secret(text)];
  }),
];
