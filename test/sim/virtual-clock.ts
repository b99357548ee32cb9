import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../core/machine.js';

interface Timer {
  at: number;
  readonly run: () => void;
}

const abortError = (): Error => Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' });

/** All microtasks, and the ticks of streams, run before these two turns of the event loop end. */
export const endTurns = async (): Promise<void> => {
  await setImmediate();
  await setImmediate();
};

const LONGEST_MS = 12 * 3_600_000;

/** A clock that stands still while anything runs, and then jumps to its next timer. */
export class VirtualClock implements Clock {
  private time: number;
  /** In the order of their creation. */
  private readonly timers = new Set<Timer>();

  /**
   * @param startedAt milliseconds since the epoch
   * @param longestMs work that waits longer never ends
   */
  constructor(
    private readonly startedAt = Date.UTC(2026, 0, 1),
    private readonly longestMs = LONGEST_MS,
  ) {
    this.time = startedAt;
  }

  readonly now = (): number => this.time;
  readonly elapsed = (): number => this.time - this.startedAt;

  readonly sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(abortError());
        return;
      }
      const stop = this.after(milliseconds, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = (): void => {
        stop();
        reject(abortError());
      };
      signal?.addEventListener('abort', abort, { once: true });
    });

  readonly after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = { at: this.time + milliseconds, run: () => void (this.timers.delete(timer) && run()) };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };

  readonly every = (milliseconds: number, run: () => void): (() => void) => {
    const timer: Timer = {
      at: this.time + milliseconds,
      run: () => {
        timer.at += milliseconds;
        run();
      },
    };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };

  /**
   * Runs work until it ends, and jumps to the next timer whenever nothing can go on without it.
   *
   * @param settle returns when nothing can go on without a timer
   */
  async drive<T>(work: Promise<T>, settle: () => Promise<void> = endTurns): Promise<T> {
    let ended = false;
    const settled = work.finally(() => (ended = true));
    settled.catch(() => undefined);
    for (;;) {
      await settle();
      if (ended) return settled;
      let next: Timer | undefined;
      for (const timer of this.timers) if (next === undefined || timer.at < next.at) next = timer;
      if (next === undefined) throw new Error('The work neither ends nor waits for a timer.');
      this.time = Math.max(this.time, next.at);
      if (this.elapsed() > this.longestMs) throw new Error(`The work has not ended after ${this.longestMs / 3_600_000} hours of waiting.`);
      next.run();
    }
  }
}
