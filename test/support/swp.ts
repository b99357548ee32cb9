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
}

/** Runs `swp` in this process, with streams that are kept. */
export const swp = async (argv: readonly string[], { env = {}, cwd, terminal = false }: SwpOptions): Promise<SwpRun> => {
  const kept = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: terminal,
    write: (text: string) => {
      kept[name] += text;
      return true;
    },
  });
  const code = await run(argv, {
    out: stream('out'),
    err: stream('err'),
    env,
    cwd,
    interactive: false,
    signal: new AbortController().signal,
  });
  return { code, ...kept };
};
