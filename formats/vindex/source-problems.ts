import { compareBytes, sanitizeLine, plural, truncateList } from '../../core/text.js';
import { leftOut, unmetNeeds, type Unmet } from './needs.js';
import { quantOf, writesFeedForward, writesWeights, type ExtractOptions, type VindexSlice } from './extract-options.js';
import { matrixOf, outputHeadOf, packedOf, type SourceModel } from './source-model.js';
import { BLOCK } from './stored-tensor.js';

/** A problem of a source, or a warning for its reviewer. `blocked` means: do not extract. */
export interface SourceProblem {
  readonly code:
    | 'larql-config'
    | 'larql-quant'
    | 'larql-tokenizer'
    | 'larql-weights'
    | 'larql-mla'
    | 'larql-experts'
    | 'larql-expert-server'
    | 'larql-float-gemma'
    | 'larql-dtype'
    | 'larql-missing'
    | 'larql-shape'
    | 'larql-output-head'
    | 'larql-copies'
    | 'larql-left-out';
  readonly verdict: 'blocked' | 'warn';
  readonly message: string;
  readonly fix?: string;
}

const PLAIN_KINDS = { dense: 'dense', moe: 'a pure mixture of experts', hybrid: 'a hybrid', mla: 'one with latent attention' };

const blocked = (code: SourceProblem['code'], message: string, fix?: string): SourceProblem => ({
  code,
  verdict: 'blocked',
  message,
  ...(fix === undefined ? {} : { fix }),
});

const problemsOver = (names: readonly string[], make: (shown: string) => SourceProblem): SourceProblem[] =>
  names.length === 0 ? [] : [make(truncateList(names))];

/** Returns the problem for a config that `describeSource` could not describe. */
export const configProblem = (faults: readonly string[]): SourceProblem =>
  blocked('larql-config', `larql would refuse the config.json: ${truncateList(faults)}.`);

/** Checks an entry's `quant`, in the entry's spelling. */
export const quantProblem = (quant: string): SourceProblem[] =>
  quantOf(quant) === null
    ? [
        blocked(
          'larql-quant',
          `larql does not know the quantisation ${sanitizeLine(quant, 40)}.`,
          'Set quant to q4k, or to none for weights that are not quantised.',
        ),
      ]
    : [];

const fileProblems = ({ files }: SourceModel): SourceProblem[] => {
  const weights = [...files.keys()].some((path) => path.endsWith('.safetensors'));
  const gguf = [...files.keys()].some((path) => path.endsWith('.gguf'));
  return [
    ...(files.has('tokenizer.json')
      ? []
      : [blocked('larql-tokenizer', 'The source has no tokenizer.json; larql cannot extract without one.', 'Use a source that has one.')]),
    ...(weights
      ? []
      : [
          blocked(
            'larql-weights',
            `The source has no safetensors files at its top level or in weights/${gguf ? '; larql cannot extract GGUF' : ''}.`,
            'Use the original checkpoint as the source.',
          ),
        ]),
  ];
};

const kindProblems = (model: SourceModel, options: ExtractOptions, slice: VindexSlice): SourceProblem[] => {
  const { kind, config, architecture } = model;
  const q4k = options.quant === 'q4k';
  const problems: SourceProblem[] = [];
  if (kind === 'mla') problems.push(blocked('larql-mla', 'The model has multi-head latent attention (MLA), which larql cannot extract.'));
  if (kind === 'moe' && q4k)
    problems.push(
      blocked(
        'larql-experts',
        'With quant q4k, larql does not write the experts of a pure mixture-of-experts model: the vindex would lack most of its weights.',
        'Set quant to none, or wait for a larql that writes them.',
      ),
    );
  if (kind === 'moe' && !q4k && architecture.layer(0).expert === null)
    problems.push(
      blocked('larql-experts', `larql does not write the experts of this model (model_type ${sanitizeLine(config.modelType, 40)}).`),
    );
  if (slice === 'expert-server' && !(kind === 'hybrid' && q4k))
    problems.push(
      blocked(
        'larql-expert-server',
        `An expert-server slice holds the experts in layers/. larql writes these only for Gemma 4 with experts, with quant q4k; this model is ${
          kind === 'hybrid' ? 'one, but the quant is none' : PLAIN_KINDS[kind]
        }.`,
        kind === 'hybrid' ? 'Set quant to q4k.' : 'Publish the full vindex: slices: [full].',
      ),
    );
  if (architecture.family === 'gemma4' && !q4k && writesWeights(options))
    problems.push(
      blocked(
        'larql-float-gemma',
        'With quant none, larql leaves out the scalars, per-layer embeddings and experts of Gemma 4: the vindex would compute garbage.',
        'Set quant to q4k.',
      ),
    );
  return problems;
};

const dtypeProblem = (model: SourceModel, unreadable: readonly Unmet[]): SourceProblem[] =>
  problemsOver(
    unreadable.map(({ key }) => key),
    (shown) => {
      const dtypes = [...new Set(unreadable.map(({ dtype }) => dtype))].filter((dtype) => dtype !== null).toSorted(compareBytes);
      const method = model.config.quantization;
      return blocked(
        'larql-dtype',
        `larql reads only F32, F16 and BF16 and silently skips all other tensors; ${plural(unreadable.length, 'tensor')} that it needs ${
          unreadable.length === 1 ? 'is' : 'are'
        } ${dtypes.join(', ')}${method === null ? '' : ` (quantised: ${sanitizeLine(method, 60)})`}: ${shown}.`,
        'Use the original, unquantised checkpoint as the source.',
      );
    },
  );

const shapeProblems = (model: SourceModel, options: ExtractOptions): SourceProblem[] => {
  const { architecture, config, kind } = model;
  const table = matrixOf(model, architecture.embeddings);
  const wrong: string[] = [];
  if (table !== null && table.shape[1] !== config.hidden)
    wrong.push(`${table.name} has ${table.shape[1]} columns for hidden_size ${config.hidden}`);
  if (kind === 'hybrid' && options.quant === 'q4k') {
    const [experts, width, hidden] = [architecture.experts, config.expertIntermediate ?? 0, config.hidden];
    if (hidden % BLOCK !== 0) wrong.push(`hidden_size ${hidden} is not a multiple of ${BLOCK}, which experts need`);
    for (let layer = 0; layer < config.layers; layer += 1) {
      const keys = architecture.layer(layer).packed;
      for (const [key, shape] of keys === null
        ? []
        : ([
            [keys.gateUp, [experts, 2 * width, hidden]],
            [keys.down, [experts, hidden, width]],
          ] as const)) {
        const tensor = packedOf(model, key);
        if (tensor !== null && tensor.shape.join() !== shape.join())
          wrong.push(`${tensor.name} is [${tensor.shape.join(', ')}], not [${shape.join(', ')}]`);
      }
    }
  }
  return problemsOver(wrong, (shown) => blocked('larql-shape', `The shapes of these tensors contradict the config: ${shown}.`));
};

const copyProblems = ({ copies }: SourceModel): SourceProblem[] => {
  const chance = [...copies].filter(([, where]) => where === 'in one file').map(([key]) => key);
  const later = [...copies].filter(([, where]) => where === 'across files').map(([key]) => key);
  return [
    ...problemsOver(chance, (shown) =>
      blocked('larql-copies', `One file has two tensors with the same name for larql, which takes one of them at random: ${shown}.`),
    ),
    ...problemsOver(later, (shown) => ({
      code: 'larql-copies',
      verdict: 'warn',
      message: `Several files have the same tensor; larql takes the last file's: ${shown}.`,
    })),
  ];
};

const leftOutProblems = (model: SourceModel, options: ExtractOptions): SourceProblem[] => {
  const { vectors, matrices } = leftOut(model, options);
  return [
    ...problemsOver(matrices, (shown) =>
      blocked('larql-left-out', `larql does not store these matrices of the layers, and the model is incomplete without them: ${shown}.`),
    ),
    ...problemsOver(vectors, (shown) => ({
      code: 'larql-left-out',
      verdict: 'warn',
      message: `larql does not store these vectors of the layers: ${shown}. A program that loads the vindex computes without them.`,
    })),
  ];
};

/**
 * Returns everything that larql would do wrong with a source, mostly without a message and with exit code 0.
 *
 * @param options the options of the extraction
 */
export const sourceProblems = (model: SourceModel, options: ExtractOptions, slice: VindexSlice): SourceProblem[] => {
  const unmet = unmetNeeds(model, options);
  // For a model whose kind is refused, missing tensors give no further information.
  const refused = model.kind === 'mla' || (model.kind === 'moe' && (options.quant === 'q4k' || model.architecture.experts === 0));
  const missing = refused ? [] : unmet.filter(({ dtype }) => dtype === null).map(({ key }) => key);
  const untied = model.config.tied === false && writesFeedForward(options) && outputHeadOf(model) === null;
  return [
    ...fileProblems(model),
    ...kindProblems(model, options, slice),
    ...dtypeProblem(
      model,
      unmet.filter(({ dtype }) => dtype !== null),
    ),
    ...problemsOver(missing, (shown) =>
      blocked(
        'larql-missing',
        `larql cannot find ${shown}; it would leave them out of the vindex${missing.includes(model.architecture.embeddings) ? ', or stop' : ' without an error'}.`,
        'This larql does not know how the model names or builds its layers.',
      ),
    ),
    ...shapeProblems(model, options),
    ...(untied && missing.length === 0
      ? [
          blocked(
            'larql-output-head',
            'The config says that the output head is not tied to the embeddings, but larql finds no output head that it can read.',
          ),
        ]
      : []),
    ...copyProblems(model),
    ...leftOutProblems(model, options),
  ];
};
