import type { Output } from './output/output.js';

/** What a command gets beside its own options. */
export interface Context {
  readonly out: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A person sits at stdin and stderr: prompts are allowed. */
  readonly interactive: boolean;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The `skulk-weights.yaml` to use instead of looking for one. */
  readonly catalogFile?: string;
}
