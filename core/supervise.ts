import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

export interface SuperviseOptions {
  /** The complete environment of the program; defaults to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Time between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs?: number;
  /** Receives the program's output, both streams in order of arrival. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
}

export interface Supervised {
  /** The program's process id, which is also its process group id; undefined if the program could not be started. */
  readonly started: Promise<number | undefined>;
  /** The exit code: 128 + n after signal n, 127 if the program could not be started. */
  readonly exited: Promise<number>;
  /** Returns the end of the output so far, for an error message. */
  output(): string;
  /** Requests termination and waits until the program has ended. */
  stop(): Promise<number>;
}

// A killed process runs no cleanup. Therefore the program's parent is a supervisor process that watches this one: their
// IPC channel closes however this process ends. The source is plain text, because it must run without compilation.
const SUPERVISOR = `
const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const [graceMs, command, ...args] = process.argv.slice(1);
// Its own process group, which is killed as a whole: the program's children must not outlive it.
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
const signalGroup = (signal) => {
  try { if (child.pid !== undefined) process.kill(-child.pid, signal); } catch {}
};
const end = () => {
  signalGroup('SIGTERM');
  setTimeout(() => signalGroup('SIGKILL'), Number(graceMs)).unref();
};
process.once('message', end);
process.once('disconnect', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, end);
child.on('spawn', () => { if (process.connected) process.send(child.pid, () => {}); });
child.on('error', (error) => { process.stderr.write(error.message + '\\n'); process.exit(127); });
child.on('exit', (code, signal) => {
  signalGroup('SIGKILL');
  process.exit(code ?? 128 + constants.signals[signal]);
});
`;

const TAIL_CHARACTERS = 4096;

/** Runs a program that ends when this process ends for any reason, including SIGKILL. */
export const supervise = (command: string, args: readonly string[], options: SuperviseOptions = {}): Supervised => {
  const supervisor = spawn(
    process.execPath,
    ['--input-type=commonjs', '-e', SUPERVISOR, '--', String(options.graceMs ?? 10_000), command, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Its own process group: Ctrl-C on the terminal must reach only this process, which chooses the shutdown order.
      detached: true,
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    },
  );
  let tail = '';
  for (const name of ['stdout', 'stderr'] as const) {
    // An undrained pipe fills up and blocks the program.
    supervisor[name]?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_CHARACTERS);
      options.onOutput?.(text, name);
    });
  }
  const exited = once(supervisor, 'close').then(([code, signal]: unknown[]) => exitCode(code, signal));
  const pid = once(supervisor, 'message').then(([message]: unknown[]) => (typeof message === 'number' ? message : undefined));
  const started = Promise.race([pid, exited.then(() => undefined)]);
  // A caller may wait for the end only: then nobody handles a failure to start.
  started.catch(() => undefined);
  return {
    started,
    exited,
    output: () => tail.trim(),
    stop: () => {
      // Not `disconnect()`: Node never emits 'close' after it. A failed send means that the supervisor has already ended.
      if (supervisor.connected) supervisor.send('stop', () => {});
      return exited;
    },
  };
};

const exitCode = (code: unknown, signal: unknown): number => {
  if (typeof code === 'number') return code;
  const found = Object.entries(constants.signals).find(([name]) => name === signal);
  return 128 + (found?.[1] ?? 0);
};
