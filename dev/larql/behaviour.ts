import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Steps of an extraction in order. `start` is before any output, `checksums` the silent time after the weights. */
const STEPS = [
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

/** Where something goes wrong: when a step begins, or when a layer of it has been written. A slice has no steps: its `start`. */
const Place = z.strictObject({ command: z.enum(['extract', 'slice']).default('extract'), step: z.enum(STEPS), layer: z.int().optional() });
export type Place = z.output<typeof Place>;

/** Whether it goes wrong once only: the stand-in then takes it out of its behaviour before it strikes. */
const once = z.boolean().default(false);

/** What goes wrong there. */
const Trouble = z.discriminatedUnion('kind', [
  /** Nothing happens any more. */
  z.strictObject({ kind: z.literal('hang'), at: Place, once }),
  /** As the kernel ends a program when memory runs out: SIGKILL, without a word. */
  z.strictObject({ kind: z.literal('killed'), at: Place, once }),
  /** Exit 101 with a message of Rust's runtime. */
  z.strictObject({ kind: z.literal('panic'), at: Place, once }),
  /** Exit 1 with `Error: <message>`; `LARQL_ERRORS` has larql's own. */
  z.strictObject({ kind: z.literal('error'), at: Place, once, message: z.string() }),
]);
export type Trouble = z.output<typeof Trouble>;

/** How larql puts the failures that a test may want where the source does not bring them about by itself. */
export const LARQL_ERRORS = {
  diskFull: 'IO error: No space left on device (os error 28)',
  truncatedShard: 'parse error: incomplete metadata, file not fully covered',
  emptyShard: 'parse error: header too small',
  notCached: (model: string) => `not a directory: ${model}`,
} as const;

/** All that can be asked of the stand-in; a larql of May 2026 that works, when nothing is. */
export const Behaviour = z.strictObject({
  trouble: Trouble.optional(),
  /** Tensors, by the end of their names, that are passed over as if their dtype could not be read. */
  skips: z.array(z.string()).default([]),
  /** Slows every layer down. */
  layerMs: z.int().nonnegative().default(0),
  /** Slows the silent time after the weights down. */
  silentMs: z.int().nonnegative().default(0),
  /** Block layouts as written until August 2026, GGML's since then, or structurally right ones with the wrong numbers. */
  blocks: z.enum(['early', 'ggml', 'wrong']).default('early'),
  /** File names as in May 2026, or as later larqls have them; `--quant` takes both words then. */
  names: z.enum(['q4k', 'kquant']).default('q4k'),
  /** Whether `--quant` takes anything but `none`. */
  quantises: z.boolean().default(true),
  /** Whether the preset `expert-server` is known; older larqls lack it. */
  expertServer: z.boolean().default(true),
  ignoresSigterm: z.boolean().default(false),
  /** Starts a process that holds stderr open and outlives the stand-in; its id goes to `child.pid` beside the launcher. */
  leavesChild: z.boolean().default(false),
  /** Says on the first line of an extraction that this is a stand-in. */
  announces: z.boolean().default(false),
});
export type Behaviour = z.output<typeof Behaviour>;
export type BehaviourInput = z.input<typeof Behaviour>;

const FILE = 'behaviour.json';

/** The behaviour asked for in a launcher's directory; without one, that of a larql that works. */
export const readBehaviour = async (directory: string | undefined): Promise<Behaviour> =>
  Behaviour.parse(directory === undefined ? {} : JSON.parse(await readFile(join(directory, FILE), 'utf8')));

/** Changes what an installed stand-in does from its next start on. */
export const setBehaviour = async (directory: string, behaviour: BehaviourInput): Promise<void> => {
  const file = join(directory, FILE);
  await writeFile(`${file}.new`, `${JSON.stringify(Behaviour.parse(behaviour), null, 2)}\n`);
  await rename(`${file}.new`, file);
};
