import type { createReadStream } from 'node:fs';
import type * as promises from 'node:fs/promises';
import type { ProcessIdentity } from './process-identity.js';
import type { Supervised, SuperviseOptions } from './supervise.js';

export interface Clock {
  /** Returns the time of day, in milliseconds since 1970. It jumps when the clock is set. */
  now(): number;
  /** Returns milliseconds since an arbitrary moment. It never decreases: use it to measure durations. */
  elapsed(): number;
  /** Resolves after `milliseconds`; rejects with an AbortError as soon as `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `run` once after `milliseconds`, unless the returned function is called before. Like {@link every}, it does not
   * keep the process alive.
   */
  after(milliseconds: number, run: () => void): () => void;
  /** Calls `run` every `milliseconds`, until the returned function is called. */
  every(milliseconds: number, run: () => void): () => void;
}

export interface Random {
  /** Returns a number from 0 up to, but not including, 1. */
  fraction(): number;
  /** Returns `bytes` random bytes as lower-case hexadecimal digits, from a source that nobody can predict. */
  hex(bytes: number): string;
}

/** The functions of `node:fs/promises` that the engine uses, and `createReadStream` of `node:fs`. */
export interface Files extends Pick<
  typeof promises,
  | 'access'
  | 'chmod'
  | 'constants'
  | 'link'
  | 'lstat'
  | 'mkdir'
  | 'mkdtemp'
  | 'open'
  | 'readdir'
  | 'readFile'
  | 'realpath'
  | 'rename'
  | 'rm'
  | 'stat'
  | 'statfs'
  | 'utimes'
  | 'writeFile'
> {
  readonly createReadStream: typeof createReadStream;
}

export interface Programs {
  /** Runs a program that ends when this process ends for any reason. */
  start(command: string, args: readonly string[], options?: SuperviseOptions): Supervised;
  /** Returns the identity of a running process, or null if no process has this id. */
  identify(pid: number): Promise<ProcessIdentity | null>;
  /** Sends a signal to a process and its whole group. Does nothing if they have ended. */
  signalGroup(pid: number, signal: NodeJS.Signals): void;
}

/** The parts of a machine that the engine uses; a test can replace each of them. */
export interface Machine {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly programs: Programs;
  /** Number of threads that can work at the same time; with 0, the calling thread does all work. */
  readonly threads: number;
  /** Id of the user that this process runs as; undefined if the system has no user ids. */
  readonly userId: number | undefined;
  /** Bytes of memory. */
  readonly memoryBytes: number;
  /** The CPU model, if the system reports one, and the architecture. */
  readonly cpu: string;
}
