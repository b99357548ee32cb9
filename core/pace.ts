import { setTimeout as delay } from 'node:timers/promises';

/** Below this a wait is not worth a timer. */
const SHORTEST_MS = 2;

/** Hands out a rate that all who take from it share, as behind one line. */
export class Pace {
  private free = 0;

  constructor(readonly bytesPerSecond: number) {}

  /** Resolves when so many bytes more may have gone out; rejects when `signal` is aborted before. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    this.free = Math.max(now, this.free) + (bytes / this.bytesPerSecond) * 1000;
    if (this.free - now > SHORTEST_MS) await delay(this.free - now, undefined, signal === undefined ? {} : { signal });
  }
}
