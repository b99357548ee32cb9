import { THIS_MACHINE } from '../core/this-machine.js';
import { hubConfigFromEnv } from '../hub/hub-config.js';
import { openHub, withMaxAttempts, type Hub } from '../hub/hub.js';

/** A person waits, so a command gives up early; a worker retries for as long as it takes. */
const ATTEMPTS = 4;

/**
 * Returns the Hub of the settings, with few attempts per request.
 *
 * @throws SwpError `hub/endpoint`, `hub/token-form`
 */
export const hubOf = (env: NodeJS.ProcessEnv, attempts = ATTEMPTS): Hub =>
  withMaxAttempts(openHub(hubConfigFromEnv(env), THIS_MACHINE), attempts);
