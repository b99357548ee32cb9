import type { ExitCode } from './exit-codes.js';
import type { Output } from './output/output.js';

/** What a command gets beside its own options. */
export interface Context {
  readonly out: Output;
  /** The environment with the settings of `swp.toml`. */
  readonly env: NodeJS.ProcessEnv;
  /** The environment of the process only. */
  readonly processEnv: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A person sits at stdin and stderr: prompts are allowed. */
  readonly interactive: boolean;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The `skulk-weights.yaml` to use instead of looking for one. */
  readonly catalogFile?: string;
}

/** Runs a command with the context that the flags before it make. */
export type Execute = (run: (context: Context) => Promise<ExitCode>) => Promise<void>;
