import { run } from '../../client/program.js';

export interface SwpRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface SwpOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** As on a terminal; prompts stay forbidden. */
  readonly terminal?: boolean;
  /** How wide that is; not known where it is left out. */
  readonly columns?: number;
  /** Aborts as Ctrl-C does. */
  readonly signal?: AbortSignal;
  /** Told all of stderr whenever something is written there. */
  readonly onErr?: (err: string) => void;
}

/** Runs `swp` in this process, with streams that are kept. */
export const swp = async (
  argv: readonly string[],
  { env = {}, cwd, terminal = false, columns, signal, onErr }: SwpOptions,
): Promise<SwpRun> => {
  const kept = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: terminal,
    columns,
    write: (text: string) => {
      kept[name] += text;
      if (name === 'err') onErr?.(kept.err);
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
  return { code, ...kept };
};
