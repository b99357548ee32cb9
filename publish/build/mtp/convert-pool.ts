import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { convert, type Converted, type ConvertTask } from './convert.js';

export interface ConvertPool {
  /** The task's room is handed over; it comes back in the answer, and only there. */
  convert(task: ConvertTask, signal: AbortSignal): Promise<Converted>;
  close(): Promise<void>;
}

/** Smaller outputs are made before a thread would have heard of them. */
const WORTH_A_THREAD = 128 * 1024;
const MAX_THREADS = 8;
const IDLE_MS = 5_000;

/** Threads need a built module; where the program runs from its sources, conversion runs in the thread that asks. */
const threadModule = (): string | null => {
  const path = fileURLToPath(new URL('convert-thread.js', import.meta.url));
  return existsSync(path) ? path : null;
};

/** Threads that decode and hash while the next bytes arrive. */
export const openConvertPool = (): ConvertPool => {
  const filename = threadModule();
  if (filename === null) return { convert: (task) => Promise.resolve(convert(task)), close: () => Promise.resolve() };
  const maxThreads = Math.min(MAX_THREADS, availableParallelism());
  const pool = new Tinypool({ filename, minThreads: 1, maxThreads, idleTimeout: IDLE_MS });
  return {
    convert: async (task, signal) => {
      if (task.size < WORTH_A_THREAD) return convert(task);
      const converted: Converted = await pool.run(task, { transferList: [task.room], signal });
      return converted;
    },
    close: () => pool.destroy(),
  };
};
