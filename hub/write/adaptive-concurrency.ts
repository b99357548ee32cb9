import pLimit from 'p-limit';

const FIRST = 4;
/** With more requests, the network is saturated or the server is the limit. */
export const MAX_CONCURRENCY = 16;

/**
 * Limits the concurrent requests with bodies, over all files: one more after each successful round, half as many when the
 * server throttles (additive increase, multiplicative decrease, as in TCP).
 */
export class AdaptiveConcurrency {
  private readonly limit = pLimit(FIRST);
  private throttles = 0;
  private successes = 0;

  get count(): number {
    return this.limit.concurrency;
  }

  /** Runs a task when the limit permits; the task calls `onThrottle` when the server throttles it. */
  run<T>(task: (onThrottle: () => void) => Promise<T>): Promise<T> {
    return this.limit(async () => {
      const before = this.throttles;
      const result = await task(() => this.throttle(before));
      this.succeed();
      return result;
    });
  }

  private succeed(): void {
    this.successes += 1;
    if (this.successes < this.limit.concurrency) return;
    this.successes = 0;
    this.limit.concurrency = Math.min(MAX_CONCURRENCY, this.limit.concurrency + 1);
  }

  /** Ignores tasks that started before the last throttle: one incident halves the concurrency only once. */
  private throttle(before: number): void {
    if (before !== this.throttles) return;
    this.throttles += 1;
    this.successes = 0;
    this.limit.concurrency = Math.max(1, Math.floor(this.limit.concurrency / 2));
  }
}
