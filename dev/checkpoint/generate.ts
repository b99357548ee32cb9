import { layoutTensors, type TensorShape } from '../../formats/safetensors/write.js';
import { mtpTensors, trunkTensors, type ModelSize } from './qwen-tensors.js';
import { fillRandom, randomNumbers } from './random.js';

export interface CheckpointOptions {
  readonly seed: number;
  /** `demo` has about 30 MB; `small` about 1 MB, for tests; `large` about 500 MB, for benchmarks. */
  readonly size?: SizeName;
  readonly shards?: number;
  /** False omits the heads; the config still declares them, as some real checkpoints do. */
  readonly withMtp?: boolean;
  readonly extraTensors?: readonly TensorShape[];
  readonly license?: string | null;
}

/** A checkpoint as its repository holds it: path → bytes. */
export interface SyntheticCheckpoint {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

type SizeName = 'demo' | 'small' | 'large';

const SIZES: Record<SizeName, ModelSize> = {
  demo: { hidden: 512, intermediate: 1024, layers: 3, vocabulary: 8192 },
  large: { hidden: 2048, intermediate: 5632, layers: 3, vocabulary: 32_768 },
  small: { hidden: 64, intermediate: 128, layers: 3, vocabulary: 1024 },
};

const shardName = (at: number, of: number): string =>
  `model.safetensors-${String(at + 1).padStart(5, '0')}-of-${String(of).padStart(5, '0')}.safetensors`;

/** Distributes tensors over the shards in shuffled order, so that every shard has heads among many other tensors. */
const distribute = (tensors: readonly TensorShape[], shards: number, seed: number): TensorShape[][] => {
  const next = randomNumbers(seed);
  const shuffled = tensors.map((tensor) => ({ tensor, rank: next() })).toSorted((a, b) => a.rank - b.rank);
  const byShard: TensorShape[][] = Array.from({ length: shards }, () => []);
  for (const [at, { tensor }] of shuffled.entries()) byShard[at % shards]?.push(tensor);
  return byShard;
};

/** Returns a safetensors file of these tensors, with bytes from the seed. */
export const randomSafetensors = (tensors: readonly TensorShape[], seed: number): Uint8Array => {
  const layout = layoutTensors(tensors, { format: 'pt' });
  const bytes = new Uint8Array(layout.size);
  fillRandom(bytes, seed);
  bytes.set(layout.header);
  return bytes;
};

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

/** Returns a Qwen3.5-style repository with shards, index, config and card. The same options give the same bytes. */
export const generateCheckpoint = (options: CheckpointOptions): SyntheticCheckpoint => {
  const { seed, size: sizeName = 'demo', shards = 2, withMtp = true, extraTensors = [], license = 'apache-2.0' } = options;
  const size = SIZES[sizeName];
  // Distribute heads and trunk separately, so that each shard gets its part of both.
  const trunk = distribute(trunkTensors(size), shards, seed);
  const heads = distribute([...(withMtp ? mtpTensors(size) : []), ...extraTensors], shards, seed + 1);
  const contents = trunk.map((tensors, at) => [...tensors, ...(heads[at] ?? [])]);
  const names = contents.map((_, at) => shardName(at, shards));
  const weightMap = Object.fromEntries(contents.flatMap((tensors, at) => tensors.map((tensor) => [tensor.name, names[at]])));
  const files = new Map<string, Uint8Array>(contents.map((tensors, at) => [names[at] ?? '', randomSafetensors(tensors, seed * 1000 + at)]));
  const totalSize = [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  const config = {
    architectures: ['Qwen3_5ForConditionalGeneration'],
    model_type: 'qwen3_5',
    text_config: {
      model_type: 'qwen3_5_text',
      hidden_size: size.hidden,
      intermediate_size: size.intermediate,
      num_hidden_layers: size.layers,
      mtp_num_hidden_layers: 1,
      mtp_use_dedicated_embeddings: false,
      vocab_size: size.vocabulary,
    },
  };
  files.set('model.safetensors.index.json', text(JSON.stringify({ metadata: { total_size: totalSize }, weight_map: weightMap }, null, 2)));
  files.set('config.json', text(JSON.stringify(config, null, 2)));
  files.set('tokenizer_config.json', text('{"model_max_length": 262144}\n'));
  files.set(
    'README.md',
    text(`---\n${license === null ? '' : `license: ${license}\n`}tags: [synthetic]\n---\n\n# A synthetic checkpoint\n`),
  );
  files.set('LICENSE', text('The license of a synthetic checkpoint: do with it what you like.\n'));
  return { files };
};
