import type { Clock } from './machine.js';

/** A shorter wait is not worth a timer. */
const SHORTEST_MS = 2;

/** Throttles all its callers together to one rate, as if they shared one network line. */
export class RateLimiter {
  private freeAtMs = 0;

  constructor(
    readonly bytesPerSecond: number,
    private readonly clock: Clock,
  ) {}

  /** Resolves when the rate allows `bytes` more to have been sent; rejects if `signal` is aborted first. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.clock.elapsed();
    this.freeAtMs = Math.max(now, this.freeAtMs) + (bytes / this.bytesPerSecond) * 1000;
    if (this.freeAtMs - now > SHORTEST_MS) await this.clock.sleep(this.freeAtMs - now, signal);
  }
}
