import type { Behaviour } from '../behaviour.js';
import { Panic } from '../failure.js';
import { encodeQ4K, Q4_K } from './q4-k.js';
import { encodeQ6K, Q6_K } from './q6-k.js';

export type BlockFormat = 'Q4_K' | 'Q6_K';

export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Pads every row with zeros, so that each row begins a block. */
export const padRows = ({ values, rows, columns }: Matrix): Matrix => {
  const padded = Math.ceil(columns / Q4_K.numbers) * Q4_K.numbers;
  if (padded === columns) return { values, rows, columns };
  const wide = new Float32Array(rows * padded);
  for (let row = 0; row < rows; row += 1) wide.set(values.subarray(row * columns, (row + 1) * columns), row * padded);
  return { values: wide, rows, columns: padded };
};

/** Encodes numbers as blocks. `wrong` encodes the numbers of each block in reverse, which is invisible in the block's structure. */
export const quantise = (values: Float32Array, format: BlockFormat, blocks: Behaviour['blocks']): Uint8Array => {
  const size = format === 'Q4_K' ? Q4_K : Q6_K;
  if (values.length % size.numbers !== 0)
    throw new Panic('data length must be a multiple of 256', 'crates/larql-compute/src/cpu/ops/q4_common.rs:154:5');
  const count = values.length / size.numbers;
  const bytes = new Uint8Array(count * size.bytes);
  for (let block = 0; block < count; block += 1) {
    const numbers = values.subarray(block * size.numbers, (block + 1) * size.numbers);
    const written = blocks === 'wrong' ? numbers.toReversed() : numbers;
    const target = bytes.subarray(block * size.bytes, (block + 1) * size.bytes);
    if (format === 'Q4_K') encodeQ4K(written, target);
    else encodeQ6K(written, target, blocks === 'ggml' ? 'ggml' : 'early');
  }
  return bytes;
};
