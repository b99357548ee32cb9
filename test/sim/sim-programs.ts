import type { Clock, Files, Programs } from '../../core/machine.js';
import type { Supervised } from '../../core/supervise.js';
import { Behaviour } from '../../dev/larql/behaviour.js';
import { Progress } from '../../dev/larql/progress.js';
import { readRecording, recordingNames } from '../../dev/larql/recording.js';
import { runStandIn } from '../../dev/larql/run-stand-in.js';
import type { Incarnation } from './incarnation.js';

/** Path of larql on a machine in memory. */
export const SIM_LARQL = '/bin/larql';

const NOT_STARTED = 127;
const TERMINATED = 143;

/** Loaded once: reading a real file takes time that no virtual clock knows. */
const RECORDINGS = await Promise.all((await recordingNames()).map((name) => readRecording(name)));

const notStarted: Supervised = {
  started: Promise.resolve(undefined),
  exited: Promise.resolve(NOT_STARTED),
  output: () => '',
  stop: () => Promise.resolve(NOT_STARTED),
};

/** The programs of a machine in memory: a larql that replays its recordings, and no other. They end with the worker. */
export const simPrograms = (files: Files, clock: Clock, worker: Incarnation): Programs => {
  const running = new Map<number, AbortController>();
  worker.onCrash(() => running.clear());
  let processes = 0;
  return {
    start: (command, args, { env = {}, onOutput = () => undefined } = {}) => {
      if (command !== SIM_LARQL) return notStarted;
      const pid = (processes += 1);
      const stop = new AbortController();
      running.set(pid, stop);
      const behaviour = Behaviour.parse({});
      const sleep = (milliseconds: number): Promise<void> => clock.sleep(milliseconds, stop.signal);
      const stopped = new Promise<number>((resolve) => stop.signal.addEventListener('abort', () => resolve(TERMINATED), { once: true }));
      const ended = runStandIn(args, {
        files,
        behaviour,
        progress: new Progress(behaviour, (line) => onOutput(`${line}\n`, 'stderr'), sleep),
        hubCache: env['HF_HUB_CACHE'] ?? '/',
        find: (weights, quant) => Promise.resolve(RECORDINGS.find((one) => one.weights === weights && one.quant === quant) ?? null),
      }).then(({ code, report }) => {
        if (report !== '') onOutput(`${report}\n`, 'stdout');
        return code;
      });
      const exited = Promise.race([ended, stopped]).finally(() => running.delete(pid));
      return {
        started: Promise.resolve(pid),
        exited,
        output: () => '',
        stop: () => {
          stop.abort();
          return exited;
        },
      };
    },
    identify: (pid) => Promise.resolve(running.has(pid) ? { pid, started: 'simulated' } : null),
    signalGroup: (pid) => running.get(pid)?.abort(),
  };
};
