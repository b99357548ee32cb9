import pLimit from 'p-limit';

const FIRST = 4;
/** Beyond it a line is full, or the far end is the limit. */
export const MAX_CONCURRENCY = 16;

/**
 * Requests with bodies that are in flight at once, over all files: one more after every round that went well,
 * half as many when the far end falls back (additive increase, multiplicative decrease, as TCP does).
 */
export class AdaptiveConcurrency {
  private readonly limit = pLimit(FIRST);
  private throttles = 0;
  private successes = 0;

  get count(): number {
    return this.limit.concurrency;
  }

  /** Runs a task when there is a lane; it says through its argument that the far end falls back. */
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

  /** What began before the last fall back says nothing new: one bad moment halves once. */
  private throttle(before: number): void {
    if (before !== this.throttles) return;
    this.throttles += 1;
    this.successes = 0;
    this.limit.concurrency = Math.max(1, Math.floor(this.limit.concurrency / 2));
  }
}
