import type { CodeFormat, ScaleFormat } from '../numbers/decode.js';
import type { Dtype } from '../dtype.js';
import type { TensorInfo } from '../safetensors/header.js';

/** A tensor of the checkpoint that belongs to the heads. The offsets count bytes from the start of its file. */
export interface SourceTensor extends TensorInfo {
  readonly file: string;
}

/** The scales of a weight: one grid for each of its matrices, row by row. */
export interface ScaleGrid {
  readonly tensor: SourceTensor;
  readonly format: ScaleFormat;
  /** The grid's size for one matrix. */
  readonly rows: number;
  readonly columns: number;
  /** Elements that share a scale. */
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** A quantised weight: `matrices` × `rows` × `columns` codes and their scales. */
export interface Quantised {
  readonly code: CodeFormat;
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
  readonly scales: ScaleGrid;
  readonly global: { readonly tensor: SourceTensor; readonly joins: 'multiplied' | 'divided' } | null;
  /** A tensor whose values are the unpacked shape; they must match the plan. */
  readonly shapeTensor: SourceTensor | null;
}

/** A tensor of the sidecar and its source. */
export interface OutputTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly source: SourceTensor;
  /** Null to copy the source's bytes unchanged. */
  readonly quantised: Quantised | null;
  /**
   * The part of the source that it uses, with rows numbered across all matrices; `null` for the whole source.
   */
  readonly part: { readonly firstRow: number; readonly rows: number } | null;
}

/** A companion that no output needs: the calibration of activations or caches. */
export interface DroppedTensor {
  readonly tensor: SourceTensor;
  readonly reason: string;
}

export const shapeText = ({ dtype, shape }: Pick<TensorInfo, 'dtype' | 'shape'>): string => `${dtype} [${shape.join(', ')}]`;
