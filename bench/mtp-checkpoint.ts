import { fillRandom } from '../dev/checkpoint/random.js';
import { layoutTensors, type FileLayout, type TensorShape } from '../formats/safetensors/write.js';

const SHARDS = 10;
const SHARD_BYTES = 400_000_000;
const COLUMNS = 4096;
const BLOCK = 128;
const CHUNK = 8 * 1024 * 1024;

/** Placement of the heads in a checkpoint of 4 GB. The heads are a tenth of it. */
export type HeadsAt = 'spread' | 'last-two';

const bf16Head = (shard: number): TensorShape[] =>
  Array.from({ length: 4 }, (_, at) => ({ name: `mtp.layers.0.s${shard}.p${at}.weight`, dtype: 'BF16', shape: [1220, COLUMNS] }));

const fp8Head = (shard: number): TensorShape[] =>
  Array.from({ length: 12 }, (_, at) => `mtp.layers.0.s${shard}.p${at}`).flatMap((name): TensorShape[] => [
    { name: `${name}.weight`, dtype: 'F8_E4M3', shape: [4096, COLUMNS] },
    { name: `${name}.weight_scale_inv`, dtype: 'F32', shape: [4096 / BLOCK, COLUMNS / BLOCK] },
  ]);

const headsOf = (heads: HeadsAt, shard: number): TensorShape[] => {
  if (heads === 'spread') return bf16Head(shard);
  return shard >= SHARDS - 2 ? fp8Head(shard) : [];
};

const bytesOf = (tensors: readonly TensorShape[]): number => layoutTensors(tensors).size;

const shardLayout = (heads: HeadsAt, shard: number): FileLayout => {
  const own = headsOf(heads, shard);
  const rest = Math.floor((SHARD_BYTES - bytesOf(own)) / 2 / COLUMNS / 4);
  const trunk = Array.from({ length: 4 }, (_, at): TensorShape => ({
    name: `model.layers.${shard}.p${at}.weight`,
    dtype: 'BF16',
    shape: [rest, COLUMNS],
  }));
  return layoutTensors([...trunk, ...own]);
};

const streamOf = async function* (layout: FileLayout, seed: number): AsyncGenerator<Uint8Array> {
  yield layout.header;
  const chunk = new Uint8Array(CHUNK);
  fillRandom(chunk, seed);
  for (let left = layout.size - layout.header.byteLength; left > 0; left -= CHUNK) yield chunk.subarray(0, Math.min(CHUNK, left));
};

/** Returns a checkpoint of ten shards of 400 MB, as streams: path → bytes. */
export const benchCheckpoint = (heads: HeadsAt): Map<string, AsyncIterable<Uint8Array> | Uint8Array> => {
  const shards = Array.from({ length: SHARDS }, (_, at) => ({
    name: `model-${String(at + 1).padStart(5, '0')}-of-00010.safetensors`,
    layout: shardLayout(heads, at),
  }));
  const weightMap = Object.fromEntries(shards.flatMap(({ name, layout }) => layout.tensors.map((tensor) => [tensor.name, name])));
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  return new Map<string, AsyncIterable<Uint8Array> | Uint8Array>([
    ...shards.map(({ name, layout }, at) => [name, streamOf(layout, at + 1)] as const),
    ['model.safetensors.index.json', text({ weight_map: weightMap })],
    ['config.json', text({ num_nextn_predict_layers: 1, quantization_config: { weight_block_size: [BLOCK, BLOCK] } })],
  ]);
};
