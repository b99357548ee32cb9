import { SwpError } from '../../core/error.js';
import { DTYPE_BITS } from '../dtype.js';
import { codeBytes, gridOf, scaleBytes, type SlabShape } from '../numbers/decode.js';
import type { FetchRange } from '../ranges.js';
import type { FileLayout } from '../safetensors/write.js';
import { shapeText, type OutputTensor, type Quantised, type ScaleGrid } from './tensors.js';

/** A piece of the sidecar that is fetched, decoded, hashed and written separately. */
export interface OutputSlab {
  readonly output: OutputTensor;
  /** The offset of the first byte in the sidecar, and the number of bytes. */
  readonly at: number;
  readonly size: number;
  readonly weight: FetchRange;
  /** The slab's part of the scale grid. */
  readonly scale: FetchRange | null;
  /** Null to copy the bytes unchanged. The scale of the whole tensor is read when the extraction begins. */
  readonly decode: SlabShape | null;
}

/** Maximum bytes of a slab's output. */
const SLAB_BYTES = 4 * 1024 * 1024;
const BF16_BYTES = 2;
const SLAB_ELEMENTS = SLAB_BYTES / BF16_BYTES;
const SLAB_SCALE_BYTES = 1024 * 1024;
/** Maximum bytes of any slab: its output, one byte of codes for each element, and scales. */
export const BUFFER_BYTES = SLAB_BYTES + SLAB_ELEMENTS + SLAB_SCALE_BYTES;

/** Returns the bytes that a slab needs in memory: its output and, if it is decoded, its codes and scales. */
export const bufferBytes = ({ size, decode }: OutputSlab): number => size + (decode === null ? 0 : codeBytes(decode) + scaleBytes(decode));

/** Elements in each piece of a row that is too long for a slab: the scales fit even with one for each element. */
const LONG_ROW_ELEMENTS = SLAB_SCALE_BYTES / 4;

/** Heads of 400 GB have this many full-size slabs; more come from a header of tiny tensors, which would exhaust memory. */
export const MAX_SLABS = 100_000;

const SCALE_SIZE = { F32: 4, BF16: 2, E8M0: 1, E4M3: 1 } as const;

function* copySlabs(output: OutputTensor, at: number, size: number): Generator<OutputSlab> {
  const { source, part } = output;
  const rowBytes = part === null ? 0 : ((source.shape.at(-1) ?? 1) * DTYPE_BITS[source.dtype]) / 8;
  const from = source.begin + (part?.firstRow ?? 0) * rowBytes;
  for (let offset = 0; offset < size; offset += SLAB_BYTES) {
    const bytes = Math.min(SLAB_BYTES, size - offset);
    const weight = { file: source.file, begin: from + offset, end: from + offset + bytes };
    yield { output, at: at + offset, size: bytes, weight, scale: null, decode: null };
  }
}

const scaleRange = (scales: ScaleGrid, matrix: number, slab: SlabShape): FetchRange => {
  const { tensor, rows, columns, format } = scales;
  const size = SCALE_SIZE[format];
  const grid = gridOf(slab);
  // All matrices may share one grid: a single scale for the tensor.
  const shared = tensor.end - tensor.begin === rows * columns * size;
  const first = (shared ? 0 : matrix * rows * columns) + grid.row * columns + grid.column;
  const begin = tensor.begin + first * size;
  return { file: tensor.file, begin, end: begin + scaleBytes(slab) };
};

interface Rectangle {
  readonly matrix: number;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** Splits the rows of one matrix where blocks of scales end; splits a row that is too long. */
function* cutMatrix({ columns, scales }: Quantised, matrix: number, firstRow: number, endRow: number): Generator<Rectangle> {
  const rowScaleBytes = Math.ceil(columns / scales.blockColumns) * SCALE_SIZE[scales.format];
  const fitting = Math.floor(Math.min(SLAB_ELEMENTS / columns, SLAB_SCALE_BYTES / rowScaleBytes));
  if (fitting < 1) {
    for (let row = firstRow; row < endRow; row += 1)
      for (let column = 0; column < columns; column += LONG_ROW_ELEMENTS)
        yield { matrix, row, column, rows: 1, columns: Math.min(LONG_ROW_ELEMENTS, columns - column) };
    return;
  }
  const step = fitting < scales.blockRows ? fitting : fitting - (fitting % scales.blockRows);
  for (let row = firstRow; row < endRow;) {
    const end = Math.min(endRow, (Math.floor(row / step) + 1) * step);
    yield { matrix, row, column: 0, rows: end - row, columns };
    row = end;
  }
}

function* cutRows(quantised: Quantised, firstRow: number, endRow: number): Generator<Rectangle> {
  for (let row = firstRow; row < endRow;) {
    const matrix = Math.floor(row / quantised.rows);
    const end = Math.min(endRow, (matrix + 1) * quantised.rows);
    yield* cutMatrix(quantised, matrix, row - matrix * quantised.rows, end - matrix * quantised.rows);
    row = end;
  }
}

function* decodedSlabs(output: OutputTensor, quantised: Quantised, at: number): Generator<OutputSlab> {
  const { source, part } = output;
  const first = part?.firstRow ?? 0;
  const end = first + (part?.rows ?? quantised.matrices * quantised.rows);
  let position = at;
  for (const { matrix, row, column, rows, columns } of cutRows(quantised, first, end)) {
    const { code, scales } = quantised;
    const decode = {
      code,
      row,
      column,
      rows,
      columns,
      blockRows: scales.blockRows,
      blockColumns: scales.blockColumns,
      scale: scales.format,
    };
    const before =
      codeBytes({ code, rows: matrix * quantised.rows + row, columns: quantised.columns }) + codeBytes({ code, rows: 1, columns: column });
    const begin = source.begin + before;
    const size = rows * columns * BF16_BYTES;
    yield {
      output,
      at: position,
      size,
      weight: { file: source.file, begin, end: begin + codeBytes(decode) },
      scale: scaleRange(scales, matrix, decode),
      decode,
    };
    position += size;
  }
}

/**
 * Splits outputs into slabs, in the order of the file. The slabs tile the file from the end of its header, and depend only
 * on the selection.
 *
 * @throws SwpError `formats/too-many-slabs`
 */
export const cutSlabs = (outputs: readonly OutputTensor[], layout: FileLayout): OutputSlab[] => {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  const slabs: OutputSlab[] = [];
  for (const { name, begin, end } of layout.tensors) {
    const output = byName.get(name);
    if (output === undefined) throw new SwpError('internal', 'formats/no-output', `The layout names ${name}, but no output produces it.`);
    const cut = output.quantised === null ? copySlabs(output, begin, end - begin) : decodedSlabs(output, output.quantised, begin);
    for (const slab of cut) {
      if (slabs.length === MAX_SLABS)
        throw new SwpError(
          'invalid',
          'formats/too-many-slabs',
          `Decoding these heads takes more than ${MAX_SLABS} pieces; the last one is from ${shapeText(output.source)}.`,
          { hint: 'No model has such shapes: check the tool that made this checkpoint.' },
        );
      slabs.push(slab);
    }
  }
  return slabs;
};
