import { setTimeout as delay } from 'node:timers/promises';
import { SwpError } from '../core/error.js';
import type { HubConfig } from './config.js';

const FIRST_WAIT = 500;
const LONGEST_BACKOFF = 60_000;

export const sleepFor = (hub: HubConfig, milliseconds: number, signal: AbortSignal): Promise<void> =>
  hub.sleep === undefined ? delay(milliseconds, undefined, { signal }) : hub.sleep(milliseconds, signal);

/** Doubles from half a second up to a minute, with jitter, so that many clients do not come back at once. */
const backoff = (attempt: number): number => Math.min(LONGEST_BACKOFF, FIRST_WAIT * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);

/** Tries again while a failure is transient, waiting at least as long as the far end asked. */
export const retrying = async <T>(hub: HubConfig, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SwpError) || !error.transient || error.code === 'hub/stopping' || attempt >= (hub.attempts ?? Infinity))
        throw error;
      const waitMs = Math.max(backoff(attempt), error.retryAfterMs ?? 0);
      hub.meter?.retried(error.code);
      hub.onRetry?.(error, waitMs);
      await sleepFor(hub, waitMs, signal);
    }
  }
};
