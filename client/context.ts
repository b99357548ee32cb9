import type { ConfigFile } from '../settings/config-file.js';
import type { ExitCode } from './exit-codes.js';
import type { Output } from './output/output.js';

/** Everything that a command receives besides its own options. */
export interface Context {
  readonly out: Output;
  /** The environment with the settings of `swp.toml`. */
  readonly env: NodeJS.ProcessEnv;
  /** The environment of the process only. */
  readonly processEnv: NodeJS.ProcessEnv;
  /** The `swp.toml` that was read; null if there is none. */
  readonly configFile: ConfigFile | null;
  readonly cwd: string;
  /** True if stdin and stderr are a terminal, so that prompts are allowed. */
  readonly interactive: boolean;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The `skulk-weights.yaml` to use instead of looking for one. */
  readonly catalogFile?: string;
}

/** Runs a command with the context that the global flags define. */
export type Execute = (run: (context: Context) => Promise<ExitCode>) => Promise<void>;
