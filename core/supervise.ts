import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

export interface SuperviseOptions {
  /** The whole environment of the program; ours when absent. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** How long the program may take to end after SIGTERM before it is killed. */
  readonly graceMs?: number;
  /** Receives whatever the program writes, both streams in order of arrival. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
}

export interface Supervised {
  /** The program's own process id, which is its group's too; undefined when it could not be started. */
  readonly started: Promise<number | undefined>;
  /** Its exit code, 128 + n after signal n, 127 when it could not be started. */
  readonly exited: Promise<number>;
  /** The end of what it has written so far, for an error message. */
  output(): string;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<number>;
}

// A killed process runs no cleanup, so the program's parent is a process that watches us instead: the channel
// between us closes however we end. Plain text, because it must run without our sources being compiled.
const SUPERVISOR = `
const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const [graceMs, command, ...args] = process.argv.slice(1);
// A group of its own, which ends as a whole: a program's own children are not to outlive it.
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

/** Runs a program that ends when this process does, by whatever means, SIGKILL included. */
export const supervise = (command: string, args: readonly string[], options: SuperviseOptions = {}): Supervised => {
  const supervisor = spawn(
    process.execPath,
    ['--input-type=commonjs', '-e', SUPERVISOR, '--', String(options.graceMs ?? 10_000), command, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C on our terminal must reach us alone, so that we choose the order in which things end.
      detached: true,
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    },
  );
  let tail = '';
  for (const name of ['stdout', 'stderr'] as const) {
    // Undrained, a full pipe would stop the program.
    supervisor[name]?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_CHARACTERS);
      options.onOutput?.(text, name);
    });
  }
  const exited = once(supervisor, 'close').then(([code, signal]: unknown[]) => exitCode(code, signal));
  const pid = once(supervisor, 'message').then(([message]: unknown[]) => (typeof message === 'number' ? message : undefined));
  return {
    started: Promise.race([pid, exited.then(() => undefined)]),
    exited,
    output: () => tail.trim(),
    stop: () => {
      // Not `disconnect()`: after it, Node never emits 'close'. A send that fails means that it has ended already.
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
