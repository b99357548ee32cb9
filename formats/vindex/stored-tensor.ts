import type { SourceTensor } from './source-model.js';

/** The formats of numbers in a vindex. */
export type StoredFormat = 'F32' | 'F16' | 'Q4_K' | 'Q6_K';

/** Elements that share a block of Q4_K or Q6_K. */
export const BLOCK = 256;
const BLOCK_BYTES = { Q4_K: 144, Q6_K: 210 } as const;
const FLOAT_BYTES = { F32: 4, F16: 2 } as const;

/** Rows of a matrix in the source; `begin` is the offset of their first byte from the start of the tensor. */
export interface SourceRows {
  readonly tensor: SourceTensor;
  readonly begin: number;
  readonly rows: number;
  readonly columns: number;
}

/** A matrix or vector in a file of the vindex, with the source of its numbers. */
export interface StoredTensor {
  readonly file: string;
  readonly key: string;
  /** The kind in `weight_manifest.json`. */
  readonly kind: 'tensor' | 'vector' | 'tensor_q4k' | 'tensor_f16';
  readonly format: StoredFormat;
  /** The shape in a manifest: columns are padded to whole blocks if the format has blocks. */
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  readonly source: SourceRows;
}

export const isBlockFormat = (format: StoredFormat): format is 'Q4_K' | 'Q6_K' => format === 'Q4_K' || format === 'Q6_K';

/** Returns the number of stored columns: larql pads each row to whole blocks. */
export const storedColumns = (format: StoredFormat, columns: number): number =>
  isBlockFormat(format) ? Math.ceil(columns / BLOCK) * BLOCK : columns;

/** Returns the bytes of one stored row. */
export const rowBytes = (format: StoredFormat, columns: number): number =>
  isBlockFormat(format) ? Math.ceil(columns / BLOCK) * BLOCK_BYTES[format] : columns * FLOAT_BYTES[format];

/** Returns all rows of a matrix, or a vector as a single row. */
export const wholeOf = (tensor: SourceTensor): SourceRows => {
  const [rows = 1, columns] = tensor.shape;
  return columns === undefined ? { tensor, begin: 0, rows: 1, columns: rows } : { tensor, begin: 0, rows, columns };
};

/** Places tensors consecutively in a file, as all of larql's writers do. */
export class FileWriter {
  readonly tensors: StoredTensor[] = [];
  size: number;

  /** @param begin the number of bytes before the first tensor */
  constructor(
    readonly file: string,
    begin = 0,
  ) {
    this.size = begin;
  }

  add(key: string, format: StoredFormat, source: SourceRows, kind: StoredTensor['kind'] = 'tensor'): StoredTensor {
    const length = source.rows * rowBytes(format, source.columns);
    const shape = kind === 'vector' ? [source.rows * source.columns] : [source.rows, storedColumns(format, source.columns)];
    const stored = { file: this.file, key, kind, format, shape, offset: this.size, length, source };
    this.tensors.push(stored);
    this.size += length;
    return stored;
  }
}
