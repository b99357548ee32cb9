import { setTimeout as delay } from 'node:timers/promises';
import { SwpError } from '../core/error.js';
import type { HubConfig } from './config.js';

const FIRST_WAIT = 500;
const LONGEST_BACKOFF = 60_000;
/** A call that has failed for this long is reported to people, while it is still retried. */
export const LONG_FAILURE_MS = 3_600_000;

export const sleepFor = (hub: HubConfig, milliseconds: number, signal: AbortSignal): Promise<void> =>
  hub.sleep === undefined ? delay(milliseconds, undefined, { signal }) : hub.sleep(milliseconds, signal);

/** Doubles from half a second up to a minute, with jitter, so that many clients do not return simultaneously. */
const backoff = (attempt: number): number => Math.min(LONGEST_BACKOFF, FIRST_WAIT * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);

/** Counts the consecutive failures of one call. */
export class FailureStreak {
  private failures = 0;
  private begunAt = 0;

  constructor(private readonly hub: HubConfig) {}

  /** Resets the count after the call succeeds or makes progress. */
  end(): void {
    this.failures = 0;
  }

  /**
   * Waits before the next attempt, at least as long as the server requested, and reports the error and the time for which
   * the call has failed.
   *
   * @throws SwpError the failure, after the last attempt
   */
  async wait(error: SwpError, signal: AbortSignal): Promise<void> {
    const { hub } = this;
    if (this.failures === 0) this.begunAt = performance.now();
    this.failures += 1;
    if (this.failures >= (hub.attempts ?? Infinity)) throw error;
    const waitMs = Math.max(backoff(this.failures), error.retryAfterMs ?? 0);
    hub.meter?.retried(error.code);
    hub.onRetry?.(error, waitMs, performance.now() - this.begunAt);
    await sleepFor(hub, waitMs, signal);
  }
}

/** Runs a call and retries it after each transient failure. */
export const retrying = async <T>(hub: HubConfig, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
  const streak = new FailureStreak(hub);
  for (;;) {
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SwpError) || !error.transient || error.code === 'hub/stopping') throw error;
      await streak.wait(error, signal);
    }
  }
};
