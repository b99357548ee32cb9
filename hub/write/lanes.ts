import pLimit from 'p-limit';

const FIRST = 4;
/** Beyond it a line is full, or the far end is the limit. */
export const MOST_LANES = 16;

/**
 * Requests with bodies that are in flight at once, over all files: one more after every round that went well,
 * half as many when the far end falls back (additive increase, multiplicative decrease, as TCP does).
 */
export class Lanes {
  private readonly limit = pLimit(FIRST);
  private fallBacks = 0;
  private wentWell = 0;

  get count(): number {
    return this.limit.concurrency;
  }

  /** Runs a task when there is a lane; it says through its argument that the far end falls back. */
  run<T>(task: (fellBack: () => void) => Promise<T>): Promise<T> {
    return this.limit(async () => {
      const before = this.fallBacks;
      const result = await task(() => this.fallBack(before));
      this.goWell();
      return result;
    });
  }

  private goWell(): void {
    this.wentWell += 1;
    if (this.wentWell < this.limit.concurrency) return;
    this.wentWell = 0;
    this.limit.concurrency = Math.min(MOST_LANES, this.limit.concurrency + 1);
  }

  /** What began before the last fall back says nothing new: one bad moment halves once. */
  private fallBack(before: number): void {
    if (before !== this.fallBacks) return;
    this.fallBacks += 1;
    this.wentWell = 0;
    this.limit.concurrency = Math.max(1, Math.floor(this.limit.concurrency / 2));
  }
}
