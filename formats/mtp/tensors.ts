import type { CodeFormat, ScaleFormat } from '../numbers/decode.js';
import type { Dtype } from '../dtype.js';
import type { TensorInfo } from '../safetensors/header.js';

/** A tensor of the checkpoint that belongs to the heads. Bytes from the start of its file. */
export interface SourceTensor extends TensorInfo {
  readonly file: string;
}

/** Scales of a weight: a grid for each of its matrices, row by row. */
export interface ScaleGrid {
  readonly tensor: SourceTensor;
  readonly format: ScaleFormat;
  /** Of one matrix. */
  readonly rows: number;
  readonly columns: number;
  /** Elements that share a scale. */
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** A quantised weight: `matrices` × `rows` × `columns` codes and what they are multiplied with. */
export interface Quantised {
  readonly code: CodeFormat;
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
  readonly scales: ScaleGrid;
  readonly global: { readonly tensor: SourceTensor; readonly joins: 'multiplied' | 'divided' } | null;
  /** Holds the unpacked shape as its values; they must be the ones that were planned. */
  readonly shapeTensor: SourceTensor | null;
}

/** A tensor of the sidecar and what it is made of. */
export interface OutputTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly source: SourceTensor;
  /** Null: the source's bytes as they are. */
  readonly quantised: Quantised | null;
  /**
   * The part of the source that it takes: rows of all its matrices counted through, `null` for the whole.
   */
  readonly part: { readonly firstRow: number; readonly rows: number } | null;
}

/** A companion that no output needs: calibration of activations, caches. */
export interface DroppedTensor {
  readonly tensor: SourceTensor;
  readonly reason: string;
}

export const shapeText = ({ dtype, shape }: Pick<TensorInfo, 'dtype' | 'shape'>): string => `${dtype} [${shape.join(', ')}]`;
