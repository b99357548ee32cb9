import type { Dtype } from '../../formats/dtype.js';
import { bf16Bits } from '../../formats/numbers/tables.js';
import { layoutTensors, type TensorShape } from '../../formats/safetensors/write.js';
import { fillRandom, randomNumbers } from './random.js';

/** Returns the mean and the standard deviation of a tensor's weights: norms lie near one, all other weights near zero. */
const spreadOf = (name: string): { readonly mean: number; readonly deviation: number } =>
  /norm|scalar|scale/.test(name) ? { mean: 1, deviation: 0.05 } : { mean: 0, deviation: 0.02 };

/** A prime beside the width of the tiny models: each row of a matrix starts at another number of the table. */
const PERIOD = 257;
const ROW_STEP = 37;

/**
 * Nearly normal numbers with a mean of zero and a deviation of one: sums of four uniform numbers, since those are the same on every
 * machine. All weights repeat them, so that recordings of larql's output are small.
 */
const TABLE = ((): readonly number[] => {
  const next = randomNumbers(1);
  const sums = Array.from({ length: PERIOD }, () => next() + next() + next() + next());
  const mean = sums.reduce((sum, one) => sum + one, 0) / PERIOD;
  const deviation = Math.sqrt(sums.reduce((sum, one) => sum + (one - mean) ** 2, 0) / PERIOD);
  return sums.map((one) => (one - mean) / deviation);
})();

/** Returns the first position of a tensor in the table. */
const positionOf = (name: string, seed: number): number => Buffer.from(name).reduce((at, byte) => (at * 31 + byte) % PERIOD, seed);

const writers: Partial<Record<Dtype, { readonly bytes: number; write(view: DataView, at: number, value: number): void }>> = {
  F32: { bytes: 4, write: (view, at, value) => view.setFloat32(at, value, true) },
  BF16: { bytes: 2, write: (view, at, value) => view.setUint16(at, bf16Bits(value), true) },
};

/**
 * Returns a safetensors file of these tensors, with weights as in a trained model; they do not depend on the other tensors of the
 * file. Tensors of other dtypes than F32 and BF16 get random bits.
 */
export const weightsFile = (tensors: readonly TensorShape[], seed: number): Uint8Array => {
  const layout = layoutTensors(tensors, { format: 'pt' });
  const bytes = new Uint8Array(layout.size);
  bytes.set(layout.header);
  const view = new DataView(bytes.buffer);
  for (const { name, dtype, shape, begin, end } of layout.tensors) {
    const position = positionOf(name, seed);
    const writer = writers[dtype];
    if (writer === undefined) {
      const noise = new Uint8Array(end - begin);
      fillRandom(noise, position);
      bytes.set(noise, begin);
      continue;
    }
    const { mean, deviation } = spreadOf(name);
    const columns = shape.at(-1) ?? 1;
    for (let at = 0; begin + at * writer.bytes < end; at += 1) {
      const number = TABLE[(position + Math.floor(at / columns) * ROW_STEP + (at % columns)) % PERIOD] ?? 0;
      writer.write(view, begin + at * writer.bytes, mean + deviation * number);
    }
  }
  return bytes;
};
