import { run } from '../../client/program.js';

export interface SwpRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface SwpOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Behaves as on a terminal, but without prompts. */
  readonly terminal?: boolean;
  /** Width of the terminal; unknown if omitted. */
  readonly columns?: number;
  /** Aborts as Ctrl-C does. */
  readonly signal?: AbortSignal;
  /** Receives all of stderr after each write to it. */
  readonly onErr?: (err: string) => void;
}

/** Runs `swp` in this process and captures its output. */
export const swp = async (
  argv: readonly string[],
  { env = {}, cwd, terminal = false, columns, signal, onErr }: SwpOptions,
): Promise<SwpRun> => {
  const captured = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: terminal,
    columns,
    write: (text: string) => {
      captured[name] += text;
      if (name === 'err') onErr?.(captured.err);
      return true;
    },
  });
  const code = await run(argv, {
    out: stream('out'),
    err: stream('err'),
    env,
    cwd,
    interactive: false,
    signal: signal ?? new AbortController().signal,
  });
  return { code, ...captured };
};
