import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Steps of an extraction, in order. `start` is before any output, `checksums` is the silent time after the weights. */
export const STEPS = [
  'start',
  'loading',
  'gate_vectors',
  'router_weights',
  'embeddings',
  'down_meta',
  'tokenizer',
  'model_weights',
  'model_weights_q4k',
  'checksums',
] as const;
export type Step = (typeof STEPS)[number];

/** The point of a fault: the beginning of a step, or the moment after one of its layers was written. A slice has only `start`. */
const Place = z.strictObject({ command: z.enum(['extract', 'slice']).default('extract'), step: z.enum(STEPS), layer: z.int().optional() });
export type Place = z.output<typeof Place>;

/** True for a fault that strikes only once: the stand-in removes it from its behaviour before it strikes. */
const once = z.boolean().default(false);

/** A fault of the stand-in and its point. */
const ScriptedFailure = z.discriminatedUnion('kind', [
  /** The process hangs. */
  z.strictObject({ kind: z.literal('hang'), at: Place, once }),
  /** SIGKILL without output, as the kernel ends a program when memory runs out. */
  z.strictObject({ kind: z.literal('killed'), at: Place, once }),
  /** Exit 101 with a message of Rust's runtime. */
  z.strictObject({ kind: z.literal('panic'), at: Place, once }),
  /** Exit 1 with `Error: <message>`; `LARQL_ERRORS` has larql's own. */
  z.strictObject({ kind: z.literal('error'), at: Place, once, message: z.string() }),
]);
export type ScriptedFailure = z.output<typeof ScriptedFailure>;

/** larql's messages for failures that a test may need although its source does not cause them. */
export const LARQL_ERRORS = {
  diskFull: 'IO error: No space left on device (os error 28)',
  truncatedShard: 'parse error: incomplete metadata, file not fully covered',
  notCached: (model: string) => `not a directory: ${model}`,
} as const;

/** Everything that can be configured in the stand-in. The defaults are a working larql of May 2026. */
export const Behaviour = z.strictObject({
  failure: ScriptedFailure.optional(),
  /** Suffixes of the names of quantised tensors that are skipped as if their dtype could not be read. */
  skips: z.array(z.string()).default([]),
  /** Delay for every layer. */
  layerMs: z.int().nonnegative().default(0),
  /** Delay for the silent time after the weights. */
  silentMs: z.int().nonnegative().default(0),
  /** Block layouts as written until August 2026, GGML's since then, or blocks with a valid structure and wrong numbers. */
  blocks: z.enum(['early', 'ggml', 'wrong']).default('early'),
  /** File names as in May 2026 (`q4k`), or as in later larqls (`kquant`); with the latter, `--quant` takes both words. */
  names: z.enum(['q4k', 'kquant']).default('q4k'),
  /** False lets `--quant` take only `none`. */
  quantises: z.boolean().default(true),
  /** False removes the preset `expert-server`, as in older larqls. */
  expertServer: z.boolean().default(true),
  ignoresSigterm: z.boolean().default(false),
  /** Starts a process that holds stderr open and outlives the stand-in; its id is written to `child.pid` beside the launcher. */
  leavesChild: z.boolean().default(false),
  /** Prints the stand-in marker as the first line of an extraction. */
  announces: z.boolean().default(false),
});
export type Behaviour = z.output<typeof Behaviour>;
export type BehaviourInput = z.input<typeof Behaviour>;

const FILE = 'behaviour.json';

/** Reads the behaviour configured in a launcher's directory; without a directory, returns that of a working larql. */
export const readBehaviour = async (directory: string | undefined): Promise<Behaviour> =>
  Behaviour.parse(directory === undefined ? {} : JSON.parse(await readFile(join(directory, FILE), 'utf8')));

/** Changes the behaviour of an installed stand-in from its next start on. */
export const setBehaviour = async (directory: string, behaviour: BehaviourInput): Promise<void> => {
  const file = join(directory, FILE);
  await writeFile(`${file}.new`, `${JSON.stringify(Behaviour.parse(behaviour), null, 2)}\n`);
  await rename(`${file}.new`, file);
};
