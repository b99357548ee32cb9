import type { Dtype } from '../../formats/dtype.js';
import { bf16Bits } from '../../formats/numbers/tables.js';
import { layoutTensors, type TensorShape } from '../../formats/safetensors/write.js';
import { fillRandom, randomNumbers } from './random.js';

/** Returns the mean and the standard deviation of a tensor's weights: norms lie near one, all other weights near zero. */
const spreadOf = (name: string): { readonly mean: number; readonly deviation: number } =>
  /norm|scalar|scale/.test(name) ? { mean: 1, deviation: 0.05 } : { mean: 0, deviation: 0.02 };

/** Returns a generator of nearly normal numbers: sums of four uniform numbers, since those are the same on every machine. */
const normals = (seed: number, { mean, deviation }: { mean: number; deviation: number }): (() => number) => {
  const next = randomNumbers(seed);
  const scale = deviation / Math.sqrt(4 / 12);
  return () => mean + scale * ((next() + next() + next() + next()) / 2 ** 32 - 2);
};

const writers: Partial<Record<Dtype, { readonly bytes: number; write(view: DataView, at: number, value: number): void }>> = {
  F32: { bytes: 4, write: (view, at, value) => view.setFloat32(at, value, true) },
  BF16: { bytes: 2, write: (view, at, value) => view.setUint16(at, bf16Bits(value), true) },
};

/**
 * Returns a safetensors file of these tensors, with weights as in a trained model. Tensors of other dtypes than F32 and BF16 get
 * random bits.
 */
export const weightsFile = (tensors: readonly TensorShape[], seed: number): Uint8Array => {
  const layout = layoutTensors(tensors, { format: 'pt' });
  const bytes = new Uint8Array(layout.size);
  bytes.set(layout.header);
  const view = new DataView(bytes.buffer);
  for (const [index, { name, dtype, begin, end }] of layout.tensors.entries()) {
    const tensorSeed = seed * 1009 + index;
    const writer = writers[dtype];
    if (writer === undefined) {
      const noise = new Uint8Array(end - begin);
      fillRandom(noise, tensorSeed);
      bytes.set(noise, begin);
      continue;
    }
    const next = normals(tensorSeed, spreadOf(name));
    for (let at = begin; at < end; at += writer.bytes) writer.write(view, at, next());
  }
  return bytes;
};
