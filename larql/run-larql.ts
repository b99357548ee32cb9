import { messageOf, SwpError } from '../core/error.js';
import type { Machine } from '../core/machine.js';
import { sanitizeLine } from '../core/text.js';
import { larqlFailure } from './explain-failure.js';
import type { LarqlProgram } from './find-larql.js';

export interface LarqlRun {
  readonly machine: Machine;
  readonly program: LarqlProgram;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Receives each line of standard error. */
  readonly onLine?: (line: string) => void;
  /**
   * Receives the process id when larql starts, and is awaited: a process id that is stored here can be ended after a
   * crash.
   */
  readonly onStart?: (pid: number) => Promise<void>;
  /** Returns true when the worker should stop: it must not wait for hours of extraction. */
  readonly shouldStop?: () => boolean;
  /** Called every second during the run; an error that it throws ends the run. */
  readonly guard?: () => Promise<void>;
  /** Returns the milliseconds without output after which larql is considered hung; the value may change with the output. */
  readonly silenceMs: () => number;
}

const KEPT_LINES = 50;
const MAX_LINE = 2_000;
const MAX_OUTPUT = 1 << 20;
const CHECK_MS = 1_000;
const GRACE_MS = 10_000;

/** Splits a stream of text into lines; the last line may be incomplete. */
class Lines {
  private open = '';

  constructor(private readonly onLine: (line: string) => void) {}

  take(text: string): void {
    const lines = (this.open + text).split(/\r?\n/);
    this.open = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) this.onLine(line.slice(0, MAX_LINE));
  }

  end(): void {
    if (this.open !== '') this.onLine(this.open);
    this.open = '';
  }
}

const hungError = (silenceMs: number, lastLine = '(none)'): SwpError =>
  new SwpError('conflict', 'larql/hung', `larql printed nothing for ${Math.round(silenceMs / 60_000)} minutes, so SWP stopped it.`, {
    hint: `Check the load and the disk of the host, then retry. The last line of larql was: ${lastLine}`,
  });

const stoppingError = (): SwpError =>
  new SwpError(
    'unavailable',
    'larql/stopping',
    'The worker is stopping and has stopped larql. The extraction starts again when a worker runs again.',
  );

/**
 * Runs larql with a fixed list of arguments, without a shell and with only the given environment. It ends when this process
 * ends for any reason, and when the signal aborts: with SIGTERM first and SIGKILL ten seconds later.
 *
 * @returns the standard output
 * @throws SwpError `larql/…` for the way in which the run ended; `larql/hung`, `larql/stopping`
 */
export const runLarql = async (run: LarqlRun): Promise<string> => {
  run.signal.throwIfAborted();
  const { clock, programs } = run.machine;
  const kept: string[] = [];
  let stdout = '';
  let lastOutputAt = clock.elapsed();
  const lines = new Lines((line) => {
    if (line.trim() !== '') kept.push(sanitizeLine(line, MAX_LINE));
    if (kept.length > KEPT_LINES) kept.shift();
    run.onLine?.(line);
  });
  const larql = programs.start(run.program.path, run.args, {
    env: run.env,
    cwd: run.cwd,
    graceMs: GRACE_MS,
    onOutput: (text, stream) => {
      lastOutputAt = clock.elapsed();
      if (stream === 'stderr') lines.take(text);
      else if (stdout.length < MAX_OUTPUT) stdout += text;
    },
  });
  const stop = (): void => void larql.stop();
  run.signal.addEventListener('abort', stop, { once: true });
  let ended: SwpError | null = null;
  const end = (reason: SwpError): void => {
    ended ??= reason;
    stop();
  };
  let isGuardRunning = false;
  const runGuard = async (): Promise<void> => {
    if (isGuardRunning) return;
    isGuardRunning = true;
    try {
      await run.guard?.();
    } catch (error) {
      end(error instanceof SwpError ? error : new SwpError('internal', 'larql/guard', messageOf(error), { cause: error }));
    } finally {
      isGuardRunning = false;
    }
  };
  const stopWatchdog = clock.every(CHECK_MS, () => {
    if (run.shouldStop?.() === true) end(stoppingError());
    else if (clock.elapsed() - lastOutputAt >= run.silenceMs()) end(hungError(run.silenceMs(), kept.at(-1)));
    else void runGuard();
  });
  try {
    const pid = await larql.started;
    if (pid !== undefined) await run.onStart?.(pid);
    const code = await larql.exited;
    lines.end();
    run.signal.throwIfAborted();
    const reason = ended as SwpError | null;
    if (reason !== null) throw reason;
    // A signal to the whole group, as from a terminal, reaches larql before the watchdog checks `shouldStop`.
    if (code !== 0 && run.shouldStop?.() === true) throw stoppingError();
    if (code !== 0) throw larqlFailure({ code, lastLines: kept });
    return stdout;
  } finally {
    stopWatchdog();
    run.signal.removeEventListener('abort', stop);
    await larql.stop();
  }
};
