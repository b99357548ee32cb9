import { SwpError } from '../../core/error.js';
import { bf16Bits, E2M1, E4M3, E5M2, E8M0, INT4 } from './tables.js';

/** The format of a quantised weight's codes. Four-bit codes are packed two to a byte, low nibble first. */
export type CodeFormat = 'e4m3' | 'e5m2' | 'e2m1' | 'int4';

/** The format of scales. */
export type ScaleFormat = 'F32' | 'BF16' | 'E8M0' | 'E4M3';

/** A second scale for the whole tensor, and the operation that combines it with the scale of a block. */
export interface GlobalScale {
  readonly value: number;
  readonly joins: 'multiplied' | 'divided';
}

/** A rectangle of one matrix: `rows` × `columns` elements from (`row`, `column`), and its part of the scale grid. */
export interface SlabShape {
  readonly code: CodeFormat;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  /** Elements that share a scale. */
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly scale: ScaleFormat;
}

export interface Slab extends SlabShape {
  readonly global: GlobalScale | null;
}

const CODES: Readonly<Record<CodeFormat, Float32Array>> = { e4m3: E4M3, e5m2: E5M2, e2m1: E2M1, int4: INT4 };
const SCALE_BYTES: Readonly<Record<ScaleFormat, number>> = { F32: 4, BF16: 2, E8M0: 1, E4M3: 1 };

export const isPacked = (code: CodeFormat): boolean => code === 'e2m1' || code === 'int4';

/** Returns the size of a slab's codes in bytes. */
export const codeBytes = ({ code, rows, columns }: Pick<SlabShape, 'code' | 'rows' | 'columns'>): number =>
  isPacked(code) ? (rows * columns) / 2 : rows * columns;

/** Returns the rectangle of the scale grid that a slab touches. */
export const gridOf = (
  slab: SlabShape,
): { readonly row: number; readonly column: number; readonly rows: number; readonly columns: number } => {
  const row = Math.floor(slab.row / slab.blockRows);
  const column = Math.floor(slab.column / slab.blockColumns);
  return {
    row,
    column,
    rows: Math.floor((slab.row + slab.rows - 1) / slab.blockRows) - row + 1,
    columns: Math.floor((slab.column + slab.columns - 1) / slab.blockColumns) - column + 1,
  };
};

export const scaleBytes = (slab: SlabShape): number => {
  const { rows, columns } = gridOf(slab);
  return rows * columns * SCALE_BYTES[slab.scale];
};

/** Reads scales as F32, combined with the scale of the tensor: a separate rounding, as in the reference implementations. */
const readScales = ({ scale, global }: Slab, bytes: Uint8Array): Float32Array => {
  const scales = new Float32Array(bytes.byteLength / SCALE_BYTES[scale]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(scales.buffer);
  for (let index = 0; index < scales.length; index += 1) {
    if (scale === 'F32') words[index] = view.getUint32(index * 4, true);
    else if (scale === 'BF16') words[index] = view.getUint16(index * 2, true) << 16;
    else scales[index] = (scale === 'E8M0' ? E8M0 : E4M3)[bytes[index] ?? 0xff] ?? Number.NaN;
  }
  if (global !== null) {
    for (let index = 0; index < scales.length; index += 1) {
      const own = scales[index] ?? Number.NaN;
      scales[index] = global.joins === 'multiplied' ? own * global.value : own / global.value;
    }
  }
  return scales;
};

/** Returns the BF16 of every code under one scale: `f32(code × scale)`, rounded to the nearest BF16. */
const valuesUnder = (codes: Float32Array, scale: number): Uint16Array => {
  const values = new Uint16Array(codes.length);
  for (let code = 0; code < values.length; code += 1) values[code] = bf16Bits(Math.fround((codes[code] ?? 0) * scale));
  return values;
};

/** Returns, for each byte of two codes, the BF16 of both as one little-endian word. */
const pairsOf = (values: Uint16Array): Uint32Array => {
  const pairs = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) pairs[byte] = (((values[byte >> 4] ?? 0) << 16) | (values[byte & 15] ?? 0)) >>> 0;
  return pairs;
};

/** The inner loop of all decoding. Four elements per iteration are 1.5 times as fast as one. */
const lookUp = (table: Uint16Array, bytes: Uint8Array, output: Uint16Array, from: number, until: number): void => {
  let at = from;
  for (; at + 4 <= until; at += 4) {
    output[at] = table[bytes[at] ?? 0] ?? 0;
    output[at + 1] = table[bytes[at + 1] ?? 0] ?? 0;
    output[at + 2] = table[bytes[at + 2] ?? 0] ?? 0;
    output[at + 3] = table[bytes[at + 3] ?? 0] ?? 0;
  }
  for (; at < until; at += 1) output[at] = table[bytes[at] ?? 0] ?? 0;
};

/** Caches the table of each one-byte scale for the slab, because these scales repeat often. */
const tablesByScale = (bytes: Uint8Array, scales: Float32Array, make: (scale: number) => Uint16Array): ((index: number) => Uint16Array) => {
  const tables: Uint16Array[] = [];
  return (index) => {
    const byte = bytes[index] ?? 0xff;
    return (tables[byte] ??= make(scales[index] ?? Number.NaN));
  };
};

/** The part of a slab under one scale, in elements from the slab's first row and column. */
interface Tile {
  readonly scale: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Visits every part of a slab under one scale, with the index of that scale. */
const forTiles = (slab: Slab, visit: (tile: Tile) => void): void => {
  const grid = gridOf(slab);
  for (let gridRow = 0; gridRow < grid.rows; gridRow += 1) {
    const top = Math.max(0, (grid.row + gridRow) * slab.blockRows - slab.row);
    const bottom = Math.min(slab.rows, (grid.row + gridRow + 1) * slab.blockRows - slab.row);
    for (let gridColumn = 0; gridColumn < grid.columns; gridColumn += 1) {
      const left = Math.max(0, (grid.column + gridColumn) * slab.blockColumns - slab.column);
      const right = Math.min(slab.columns, (grid.column + gridColumn + 1) * slab.blockColumns - slab.column);
      visit({ scale: gridRow * grid.columns + gridColumn, top, bottom, left, right });
    }
  }
};

/** A table costs as much as this many elements; smaller parts are computed one by one, unless their scales repeat. */
const MIN_TABLE_ELEMENTS = 512;

const isByteScale = ({ scale }: Slab): boolean => SCALE_BYTES[scale] === 1;

const decodeBytes = (slab: Slab, weight: Uint8Array, scaleCodes: Uint8Array, scales: Float32Array, output: Uint16Array): void => {
  const codes = CODES[slab.code];
  const tableAt = tablesByScale(scaleCodes, scales, (scale) => valuesUnder(codes, scale));
  forTiles(slab, ({ scale: index, top, bottom, left, right }) => {
    const scale = scales[index] ?? Number.NaN;
    if (!isByteScale(slab) && (bottom - top) * (right - left) < MIN_TABLE_ELEMENTS) {
      for (let row = top; row < bottom; row += 1)
        for (let at = row * slab.columns + left; at < row * slab.columns + right; at += 1)
          output[at] = bf16Bits(Math.fround((codes[weight[at] ?? 0] ?? 0) * scale));
      return;
    }
    const values = isByteScale(slab) ? tableAt(index) : valuesUnder(codes, scale);
    for (let row = top; row < bottom; row += 1) lookUp(values, weight, output, row * slab.columns + left, row * slab.columns + right);
  });
};

/** Decodes packed codes under scales of several bytes: groups begin and end at whole bytes. */
const decodePacked = (slab: Slab, weight: Uint8Array, scales: Float32Array, output: Uint16Array<ArrayBuffer>): void => {
  const codes = CODES[slab.code];
  const pairs = new Uint32Array(output.buffer, output.byteOffset, output.length / 2);
  forTiles(slab, ({ scale, top, bottom, left, right }) => {
    const values = valuesUnder(codes, scales[scale] ?? Number.NaN);
    for (let row = top; row < bottom; row += 1) {
      const until = (row * slab.columns + right) / 2;
      for (let at = (row * slab.columns + left) / 2; at < until; at += 1) {
        const byte = weight[at] ?? 0;
        pairs[at] = (((values[byte >> 4] ?? 0) << 16) | (values[byte & 15] ?? 0)) >>> 0;
      }
    }
  });
};

/**
 * Decodes packed codes in small groups along a row, under scales of one byte: scale and code together index one table of
 * 256 × 256 words, filled for the scales that occur. This is the hot path of FP4, so it uses no tiles.
 */
const decodeGroups = (
  slab: Slab,
  weight: Uint8Array,
  scaleCodes: Uint8Array,
  scales: Float32Array,
  output: Uint16Array<ArrayBuffer>,
): void => {
  const codes = CODES[slab.code];
  const pairs = new Uint32Array(output.buffer, output.byteOffset, output.length / 2);
  const table = new Uint32Array(256 * 256);
  const filled = new Uint8Array(256);
  const { columns } = gridOf(slab);
  const width = slab.columns / 2;
  const group = slab.blockColumns / 2;
  const lead = (slab.column % slab.blockColumns) / 2;
  for (let row = 0; row < slab.rows; row += 1) {
    let at = row * width;
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      const scaleCode = scaleCodes[index] ?? 0xff;
      const base = scaleCode << 8;
      if (filled[scaleCode] === 0) {
        table.set(pairsOf(valuesUnder(codes, scales[index] ?? Number.NaN)), base);
        filled[scaleCode] = 1;
      }
      const until = Math.min((row + 1) * width, row * width + (column + 1) * group - lead);
      for (; at + 4 <= until; at += 4) {
        pairs[at] = table[base | (weight[at] ?? 0)] ?? 0;
        pairs[at + 1] = table[base | (weight[at + 1] ?? 0)] ?? 0;
        pairs[at + 2] = table[base | (weight[at + 2] ?? 0)] ?? 0;
        pairs[at + 3] = table[base | (weight[at + 3] ?? 0)] ?? 0;
      }
      for (; at < until; at += 1) pairs[at] = table[base | (weight[at] ?? 0)] ?? 0;
    }
  }
};

/**
 * Decodes a slab to BF16. The order of operations is that of the reference implementations: scale as F32 (combined with
 * the tensor's, rounded), `f32(code × scale)`, then the nearest BF16, ties to even; every NaN becomes 0x7FC0.
 *
 * @param weight the codes of the slab, row by row
 * @param scale the part of the scale grid that {@link gridOf} returns, row by row
 * @param output receives the BF16, row by row; it begins at a multiple of four bytes
 * @throws SwpError `formats/slab-size` if one of them has the wrong size
 */
export const decodeSlab = (slab: Slab, weight: Uint8Array, scale: Uint8Array, output: Uint16Array<ArrayBuffer>): void => {
  if (weight.byteLength !== codeBytes(slab) || scale.byteLength !== scaleBytes(slab) || output.length !== slab.rows * slab.columns)
    throw new SwpError(
      'internal',
      'formats/slab-size',
      `A slab of ${slab.rows} × ${slab.columns} ${slab.code} came with ${weight.byteLength} bytes of codes, ${scale.byteLength} of scales and space for ${output.length}.`,
    );
  const scales = readScales(slab, scale);
  if (isPacked(slab.code) && isByteScale(slab) && slab.blockRows === 1) decodeGroups(slab, weight, scale, scales, output);
  else if (isPacked(slab.code)) decodePacked(slab, weight, scales, output);
  else decodeBytes(slab, weight, scale, scales, output);
};
