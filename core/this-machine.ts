import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as promises from 'node:fs/promises';
import { arch, availableParallelism, cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Machine } from './machine.js';
import { identifyProcess } from './process-identity.js';
import { supervise } from './supervise.js';

/** The machine that runs this process. */
export const THIS_MACHINE: Machine = {
  clock: {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal === undefined ? {} : { signal }),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      timer.unref();
      return () => clearTimeout(timer);
    },
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
  files: { ...promises, createReadStream },
  programs: {
    start: supervise,
    identify: identifyProcess,
    signalGroup: (pid, signal) => {
      try {
        process.kill(-pid, signal);
      } catch {
        // They have already ended.
      }
    },
  },
  threads: availableParallelism(),
  userId: process.getuid?.(),
  get memoryBytes() {
    return totalmem();
  },
  get cpu() {
    return `${cpus()[0]?.model.trim() ?? ''} (${arch()})`.trim();
  },
};
