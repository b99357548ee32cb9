import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Returns the time of day, in milliseconds since 1970. It jumps when somebody sets the clock. */
  now(): number;
  /** Returns milliseconds since an arbitrary moment. It never decreases: use it to measure durations. */
  elapsed(): number;
  /** Resolves after `milliseconds`; rejects with an AbortError as soon as `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `run` every `milliseconds`, which does not keep the process alive.
   *
   * @returns a function that ends the calls
   */
  every(milliseconds: number, run: () => void): () => void;
}

export interface Random {
  /** Returns a number from 0 up to, but not including, 1. */
  fraction(): number;
  /** Returns `bytes` random bytes as lower-case hexadecimal digits, from a source that nobody can predict. */
  hex(bytes: number): string;
}

/** The parts of a machine that the engine uses. It uses no others, so that a test can replace the whole machine. */
export interface Machine {
  readonly clock: Clock;
  readonly random: Random;
}

/** The machine that runs this process. */
export const THIS_MACHINE: Machine = {
  clock: {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal === undefined ? {} : { signal }),
    every: (milliseconds, run) => {
      const timer = setInterval(run, milliseconds);
      timer.unref();
      return () => clearInterval(timer);
    },
  },
  random: {
    fraction: () => Math.random(),
    hex: (bytes) => randomBytes(bytes).toString('hex'),
  },
};
