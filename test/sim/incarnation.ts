import { setMaxListeners } from 'node:events';
import type { Clock } from '../../core/machine.js';

export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Never resolves: what a dead worker waits for. */
const never = <T>(): Promise<T> => new Promise(() => undefined);

/**
 * The life of one worker process, from its start to its crash. It counts every operation on files and every exchange, and crashes
 * before one of them. After the crash nothing that the worker began goes on.
 */
export class Incarnation {
  private readonly died = new AbortController();
  private operations = 0;
  /** Rejects with a Crash when the worker crashes. */
  readonly crashed: Promise<never>;

  /**
   * @param crashAt number of the operation before which it crashes, from 1; null for a worker that lives on
   * @param onOperation called with the number of each operation before it begins
   */
  constructor(
    private readonly crashAt: number | null = null,
    private readonly onOperation: (operation: number) => void = () => undefined,
  ) {
    // Each open exchange and program adds a listener.
    setMaxListeners(0, this.died.signal);
    this.crashed = new Promise((_, reject) => {
      this.onCrash(() => reject(new Crash('The worker crashed.')));
    });
    this.crashed.catch(() => undefined);
  }

  /** Is awaited before each operation. */
  readonly enter = (): Promise<void> => {
    if (this.died.signal.aborted) return never();
    this.operations += 1;
    this.onOperation(this.operations);
    if (this.operations !== this.crashAt) return Promise.resolve();
    this.died.abort();
    return never();
  };

  /** Calls `run` at the crash; returns a function that prevents it. */
  onCrash(run: () => void): () => void {
    this.died.signal.addEventListener('abort', run, { once: true });
    return () => this.died.signal.removeEventListener('abort', run);
  }

  /** Returns a clock whose waits never end after the crash. */
  clock(clock: Clock): Clock {
    const ifAlive = (run: () => void) => (): void => {
      if (!this.died.signal.aborted) run();
    };
    return {
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      sleep: async (milliseconds, signal) => {
        await clock.sleep(milliseconds, signal);
        if (this.died.signal.aborted) await never();
      },
      after: (milliseconds, run) => clock.after(milliseconds, ifAlive(run)),
      every: (milliseconds, run) => clock.every(milliseconds, ifAlive(run)),
    };
  }
}
