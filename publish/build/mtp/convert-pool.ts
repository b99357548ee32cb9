import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { convert, type Converted, type ConvertTask } from './convert.js';

export interface ConvertPool {
  /**
   * Takes over the task's buffer, which may move to a thread. Only the result returns it; the caller must not use it
   * before.
   */
  convert(task: ConvertTask, signal: AbortSignal): Promise<Converted>;
  close(): Promise<void>;
}

/** Bytes. Converting a smaller output in this thread takes less time than passing it to another thread. */
const MIN_THREADED_BYTES = 128 * 1024;
const MAX_THREADS = 8;
const IDLE_MS = 5_000;

/**
 * Returns the path of the compiled thread module; null if the program runs from its sources, which convert in the
 * calling thread.
 */
const threadModule = (): string | null =>
  import.meta.url.endsWith('.ts') ? null : fileURLToPath(new URL('convert-thread.js', import.meta.url));

/** Opens a pool of threads that decode and hash while the next bytes arrive. Without threads, the caller does it. */
export const openConvertPool = (threads: number): ConvertPool => {
  const filename = threads > 0 ? threadModule() : null;
  if (filename === null) return { convert: (task) => Promise.resolve(convert(task)), close: () => Promise.resolve() };
  const maxThreads = Math.min(MAX_THREADS, threads);
  const pool = new Tinypool({ filename, minThreads: 1, maxThreads, idleTimeout: IDLE_MS });
  return {
    convert: async (task, signal) => {
      if (task.size < MIN_THREADED_BYTES) return convert(task);
      const converted: Converted = await pool.run(task, { transferList: [task.buffer], signal });
      return converted;
    },
    close: () => pool.destroy(),
  };
};
