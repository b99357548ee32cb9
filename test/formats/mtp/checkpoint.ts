import type { Dtype } from '../../../formats/dtype.js';
import type { CheckpointFile } from '../../../formats/mtp/selection.js';
import { LENGTH_PREFIX, parseHeader } from '../../../formats/safetensors/header.js';
import { layoutTensors, type TensorShape } from '../../../formats/safetensors/write.js';

/** A weight file that has only its header. */
export const file = (path: string, tensors: readonly TensorShape[]): CheckpointFile => {
  const { header, size } = layoutTensors(tensors);
  return { path, size, header: parseHeader(header.subarray(LENGTH_PREFIX), size) };
};

/** `name: dtype [shape]` by name, as tests write it: `tensors({ 'mtp.fc.weight': ['BF16', 8, 16] })`. */
export const tensors = (shapes: Readonly<Record<string, readonly [Dtype, ...number[]]>>): TensorShape[] =>
  Object.entries(shapes).map(([name, [dtype, ...shape]]) => ({ name, dtype, shape }));
