import type { Dtype } from '../../formats/dtype.js';
import type { TensorShape } from '../../formats/safetensors/write.js';
import type { SyntheticCheckpoint } from './generate.js';
import { wordTokenizer } from './tokenizer.js';
import { weightsFile } from './weights.js';

/** Options of the generators of language models. */
export interface LanguageModelOptions {
  readonly seed: number;
  /** Number of weight files; one by default. */
  readonly shards?: number;
  readonly license?: string | null;
  /** Returns another dtype for some tensors, by name. larql skips tensors with a dtype that it cannot read. */
  readonly dtypeOf?: (name: string) => Dtype | undefined;
}

export interface LanguageModel {
  readonly config: object;
  readonly tensors: readonly TensorShape[];
  readonly vocabulary: number;
}

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);
const json = (value: object): Uint8Array => text(`${JSON.stringify(value, null, 2)}\n`);

const shardName = (at: number, of: number): string =>
  of === 1 ? 'model.safetensors' : `model-${String(at + 1).padStart(5, '0')}-of-${String(of).padStart(5, '0')}.safetensors`;

/** Returns the weights in `shards` files of consecutive tensors, with the index file if there are several. */
const weightFiles = (tensors: readonly TensorShape[], { seed, shards = 1 }: LanguageModelOptions): [string, Uint8Array][] => {
  const each = Math.ceil(tensors.length / shards);
  const byShard = Array.from({ length: shards }, (_, at) => tensors.slice(at * each, (at + 1) * each));
  const files = byShard.map((part, at): [string, Uint8Array] => [shardName(at, shards), weightsFile(part, seed)]);
  if (shards === 1) return files;
  const weightMap = Object.fromEntries(byShard.flatMap((part, at) => part.map(({ name }) => [name, shardName(at, shards)])));
  const size = files.reduce((sum, [, bytes]) => sum + bytes.byteLength, 0);
  return [...files, ['model.safetensors.index.json', json({ metadata: { total_size: size }, weight_map: weightMap })]];
};

/** Returns the repository of a language model: weights, config, tokenizer, card and license. The same options give the same bytes. */
export const languageModel = (model: LanguageModel, options: LanguageModelOptions): SyntheticCheckpoint => {
  const { license = 'apache-2.0', dtypeOf = () => undefined } = options;
  const tensors = model.tensors.map((tensor) => ({ ...tensor, dtype: dtypeOf(tensor.name) ?? tensor.dtype }));
  return {
    files: new Map([
      ...weightFiles(tensors, options),
      ['config.json', json(model.config)],
      ['tokenizer.json', json(wordTokenizer(model.vocabulary))],
      ['tokenizer_config.json', json({ model_max_length: 2048, unk_token: '<unk>' })],
      [
        'README.md',
        text(`---\n${license === null ? '' : `license: ${license}\n`}tags: [synthetic]\n---\n\n# A synthetic language model\n`),
      ],
      ['LICENSE', text('The license of a synthetic language model: do with it what you like.\n')],
    ]),
  };
};
