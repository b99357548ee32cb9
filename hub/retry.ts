import { SwpError } from '../core/error.js';
import type { Random } from '../core/machine.js';
import type { Hub } from './hub.js';

const FIRST_WAIT_MS = 500;
const LONGEST_BACKOFF_MS = 60_000;
/** A call that has failed for this long is reported to people, while it is still retried. */
export const LONG_FAILURE_MS = 3_600_000;

/** Doubles from half a second up to a minute, with jitter, so that many clients do not return simultaneously. */
const backoff = (random: Random, attempt: number): number =>
  Math.min(LONGEST_BACKOFF_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + random.fraction() / 2);

/** Counts the consecutive failures of one call. */
export class FailureStreak {
  private failures = 0;
  private begunAt = 0;

  constructor(private readonly hub: Hub) {}

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
    if (this.failures === 0) this.begunAt = hub.machine.clock.elapsed();
    this.failures += 1;
    if (this.failures >= hub.attempts) throw error;
    const waitMs = Math.max(backoff(hub.machine.random, this.failures), error.retryAfterMs ?? 0);
    hub.onRetry(error, waitMs, hub.machine.clock.elapsed() - this.begunAt);
    await hub.machine.clock.sleep(waitMs, signal);
  }
}

/** Runs a call and retries it after each transient failure. */
export const retrying = async <T>(hub: Hub, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
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
