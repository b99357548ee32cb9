import { messageOf, SwpError } from '../core/error.js';
import { supervise } from '../core/supervise.js';
import { sanitizeLine } from '../core/text.js';
import { larqlFailure } from './explain-failure.js';
import type { LarqlProgram } from './find-larql.js';

export interface LarqlRun {
  readonly program: LarqlProgram;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Told each line of its standard error. */
  readonly onLine?: (line: string) => void;
  /** Told its process id as soon as it runs, and waited for: what is journalled here can be ended after a crash. */
  readonly onStart?: (pid: number) => Promise<void>;
  /** True once the worker was asked to stop: nobody waits for hours of extraction then. */
  readonly shouldStop?: () => boolean;
  /** Asked every second while it runs: what it throws is why the run must end. */
  readonly guard?: () => Promise<void>;
  /** Milliseconds without a word after which it is taken for hung; may change with what it says. */
  readonly silenceMs: () => number;
}

const KEPT_LINES = 50;
const MAX_LINE = 2_000;
const MAX_OUTPUT = 1 << 20;
const CHECK_MS = 1_000;
const GRACE_MS = 10_000;

/** Cuts a stream of text into lines; the last one may be open. */
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

const hung = (silenceMs: number, lastLine = '(none)'): SwpError =>
  new SwpError('conflict', 'larql/hung', `larql said nothing for ${Math.round(silenceMs / 60_000)} minutes and was ended.`, {
    hint: `Look at the load and the disk of the host, then retry. Its last line was: ${lastLine}`,
  });

const stopping = (): SwpError =>
  new SwpError(
    'unavailable',
    'larql/stopping',
    'The worker is stopping and has ended larql; the extraction begins anew when one is up again.',
  );

/**
 * Runs larql with a fixed list of arguments, no shell and no environment but the given one. It ends with this
 * process, however that ends, and with the signal: asked first, killed ten seconds later.
 *
 * @returns what it wrote to standard output
 * @throws SwpError `larql/…` by how it ended; `larql/hung`, `larql/stopping`
 */
export const runLarql = async (run: LarqlRun): Promise<string> => {
  run.signal.throwIfAborted();
  const kept: string[] = [];
  let stdout = '';
  let heard = performance.now();
  const lines = new Lines((line) => {
    if (line.trim() !== '') kept.push(sanitizeLine(line, MAX_LINE));
    if (kept.length > KEPT_LINES) kept.shift();
    run.onLine?.(line);
  });
  const larql = supervise(run.program.path, run.args, {
    env: run.env,
    cwd: run.cwd,
    graceMs: GRACE_MS,
    onOutput: (text, stream) => {
      heard = performance.now();
      if (stream === 'stderr') lines.take(text);
      else if (stdout.length < MAX_OUTPUT) stdout += text;
    },
  });
  const stop = (): void => void larql.stop();
  run.signal.addEventListener('abort', stop, { once: true });
  let ended: SwpError | null = null;
  const end = (why: SwpError): void => {
    ended ??= why;
    stop();
  };
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      await run.guard?.();
    } catch (error) {
      end(error instanceof SwpError ? error : new SwpError('internal', 'larql/guard', messageOf(error), { cause: error }));
    } finally {
      asking = false;
    }
  };
  const watchdog = setInterval(() => {
    if (run.shouldStop?.() === true) end(stopping());
    else if (performance.now() - heard >= run.silenceMs()) end(hung(run.silenceMs(), kept.at(-1)));
    else void ask();
  }, CHECK_MS);
  try {
    const pid = await larql.started;
    if (pid !== undefined) await run.onStart?.(pid);
    const code = await larql.exited;
    lines.end();
    run.signal.throwIfAborted();
    const why = ended as SwpError | null;
    if (why !== null) throw why;
    // A signal for the whole group, as from a terminal, reaches larql before we have looked.
    if (code !== 0 && run.shouldStop?.() === true) throw stopping();
    if (code !== 0) throw larqlFailure({ code, lastLines: kept });
    return stdout;
  } finally {
    clearInterval(watchdog);
    run.signal.removeEventListener('abort', stop);
    await larql.stop();
  }
};
