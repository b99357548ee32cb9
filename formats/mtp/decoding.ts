import type { Dtype } from '../dtype.js';
import type { CodeFormat, ScaleFormat } from '../numbers/decode.js';
import { chooseBlock } from './choose-block.js';
import type { Quantization } from './model-config.js';
import type { WeightWithCompanions } from './companions.js';
import { shapeText, type Quantised, type ScaleGrid, type SourceTensor } from './tensors.js';

/** The treatment of a weight: copied as it is, decoded, or refused. */
export type Decoding =
  | { readonly how: 'as-is' }
  | { readonly how: 'decoded'; readonly quantised: Quantised; readonly warning: string | null }
  | { readonly how: 'refused'; readonly reason: string };

const PASSED: ReadonlySet<Dtype> = new Set(['BF16', 'F16', 'F32']);
const FLOAT_SCALES: Partial<Record<Dtype, ScaleFormat>> = { F32: 'F32', BF16: 'BF16', F8_E8M0: 'E8M0' };
const MX_GROUP = 32;
const NVFP4_GROUP = 16;

const refuse = (reason: string): Decoding => ({ how: 'refused', reason });

interface Matrices {
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
}

/** Interprets a weight's shape as matrices of logical elements; returns null for a shape that no known quantiser writes. */
const matricesOf = (shape: readonly number[], packed: number): Matrices | null => {
  const [a, b, c] = shape;
  if (shape.some((dimension) => dimension === 0)) return null;
  if (shape.length === 1 && a !== undefined) return { matrices: 1, rows: 1, columns: a * packed };
  if (shape.length === 2 && a !== undefined && b !== undefined) return { matrices: 1, rows: a, columns: b * packed };
  if (shape.length === 3 && a !== undefined && b !== undefined && c !== undefined) return { matrices: a, rows: b, columns: c * packed };
  return null;
};

const isScalar = (shape: readonly number[]): boolean => shape.length === 0 || (shape.length === 1 && shape[0] === 1);

interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Returns the dimensions of the scale grid of one matrix, or null if the scale's shape does not match the weight's. */
const gridDimensions = (weight: SourceTensor, scale: SourceTensor, { matrices, rows }: Matrices): Grid | null => {
  const { shape } = scale;
  const [a, b, c] = shape;
  if (weight.shape.length === 2 && shape.length === 1 && a === rows) return { rows, columns: 1 };
  if (weight.shape.length === 2 && shape.length === 2 && a !== undefined && b !== undefined) return { rows: a, columns: b };
  if (weight.shape.length === 3 && shape.length === 3 && a === matrices && b !== undefined && c !== undefined)
    return { rows: b, columns: c };
  return null;
};

const grid = (tensor: SourceTensor, format: ScaleFormat, { rows, columns }: Grid, blockRows: number, blockColumns: number): ScaleGrid => ({
  tensor,
  format,
  rows,
  columns,
  blockRows,
  blockColumns,
});

/** Returns the grid of scales that have exactly one column per group and one row per row of the weight, or null. */
const groupGrid = (weight: SourceTensor, scale: SourceTensor, format: ScaleFormat, dims: Matrices, group: number): ScaleGrid | null => {
  const found = gridDimensions(weight, scale, dims);
  return found !== null && found.rows === dims.rows && found.columns * group === dims.columns ? grid(scale, format, found, 1, group) : null;
};

const decoded = (quantised: Quantised, warning: string | null = null): Decoding => ({ how: 'decoded', quantised, warning });

const plain = { global: null, shapeTensor: null } as const;

const decodeFp8 = ({ weight, companions }: WeightWithCompanions, quantization: Quantization | null): Decoding => {
  const { scale } = companions;
  const code: CodeFormat = weight.dtype === 'F8_E5M2' ? 'e5m2' : 'e4m3';
  const dims = matricesOf(weight.shape, 1);
  if (dims === null) return refuse('no known quantiser writes FP8 of this shape');
  if (companions.scale2 !== null || companions.globalScale !== null) return refuse('FP8 with a second scale is not a known format');
  if (scale === null) return refuse('it has no scale');
  if (scale.dtype === 'U8') {
    const mx = groupGrid(weight, scale, 'E8M0', dims, MX_GROUP);
    return mx === null
      ? refuse(`its scale, ${shapeText(scale)}, is not E8M0 for groups of ${MX_GROUP}`)
      : decoded({ code, ...dims, scales: mx, ...plain });
  }
  const format = FLOAT_SCALES[scale.dtype];
  if (format === undefined) return refuse(`its scale has dtype ${scale.dtype}`);
  if (isScalar(scale.shape)) {
    const one = grid(scale, format, { rows: 1, columns: 1 }, dims.rows, dims.columns);
    return decoded({ code, ...dims, scales: one, ...plain }, contradiction(quantization, 'one scale for the tensor'));
  }
  const found = gridDimensions(weight, scale, dims);
  const perRow = scale.shape.length === 1 ? null : (quantization?.block ?? null);
  const rows = found === null ? null : chooseBlock(dims.rows, found.rows, perRow?.[0] ?? null);
  const columns = found === null ? null : chooseBlock(dims.columns, found.columns, perRow?.[1] ?? null);
  if (found === null || rows === null || columns === null)
    return refuse(`its scale, ${shapeText(scale)}, does not fit a known block size (1, 16, 32, 64, 128, 256, whole, or the config's)`);
  const differs = rows.contradictsConfig || columns.contradictsConfig;
  return decoded(
    { code, ...dims, scales: grid(scale, format, found, rows.size, columns.size), ...plain },
    differs ? contradiction(quantization, `blocks of ${rows.size} × ${columns.size}`) : null,
  );
};

const contradiction = (quantization: Quantization | null, found: string): string | null =>
  quantization?.block === undefined || quantization.block === null
    ? null
    : `the config says blocks of ${quantization.block.join(' × ')}, but its scales imply ${found}`;

const decodeMxfp4 = ({ weight, companions }: WeightWithCompanions): Decoding => {
  const { scale } = companions;
  const dims = matricesOf(weight.shape, 2);
  if (scale === null || dims === null || companions.scale2 !== null || companions.globalScale !== null)
    return refuse(`${weight.dtype} is only read as packed FP4 with E8M0 scales for groups of ${MX_GROUP}`);
  const scales = groupGrid(weight, scale, 'E8M0', dims, MX_GROUP);
  return scales === null
    ? refuse(`its scale, ${shapeText(scale)}, is not E8M0 for groups of ${MX_GROUP} FP4 codes`)
    : decoded({ code: 'e2m1', ...dims, scales, ...plain });
};

const decodeNvfp4 = ({ weight, companions }: WeightWithCompanions): Decoding => {
  const { scale, scale2, globalScale } = companions;
  const dims = matricesOf(weight.shape, 2);
  const scales = scale === null || dims === null ? null : groupGrid(weight, scale, 'E4M3', dims, NVFP4_GROUP);
  if (dims === null || scales === null)
    return refuse(`its scale, ${scale === null ? 'none' : shapeText(scale)}, does not fit groups of ${NVFP4_GROUP} FP4 codes`);
  const global = scale2 ?? globalScale;
  if (global === null || (scale2 !== null && globalScale !== null))
    return refuse('NVFP4 needs exactly one second scale: weight_scale_2 (multiplied) or weight_global_scale (divided by)');
  if (global.dtype !== 'F32' || !isScalar(global.shape)) return refuse(`its second scale is ${shapeText(global)}, not one F32`);
  const joins = scale2 === null ? 'divided' : 'multiplied';
  return decoded({ code: 'e2m1', ...dims, scales, global: { tensor: global, joins }, shapeTensor: null });
};

const decodeInt4 = ({ weight, companions }: WeightWithCompanions, quantization: Quantization | null): Decoding => {
  const { scale, shape } = companions;
  const dims = matricesOf(weight.shape, 8);
  const evidence = quantization?.int4 ?? null;
  if (!weight.name.endsWith('.weight_packed') || dims === null || weight.shape.length !== 2 || scale === null)
    return refuse('I32 is only read as weight_packed, two-dimensional, with a weight_scale');
  if (evidence === null) return refuse('the config does not say that its packed integers are 4-bit and symmetric');
  if (companions.zeroPoint !== null || companions.groupIndex !== null || companions.scale2 !== null || companions.globalScale !== null)
    return refuse('SWP cannot read packed integers with zero points, group indices or a second scale');
  if (shape === null || (shape.dtype !== 'I32' && shape.dtype !== 'I64') || shape.shape.length !== 1 || shape.shape[0] !== 2)
    return refuse('packed integers need a weight_shape of two I32 or I64');
  const format = scale.dtype === 'BF16' || scale.dtype === 'F32' ? scale.dtype : null;
  if (format === null) return refuse(`its scale has dtype ${scale.dtype}`);
  const group = evidence.groupSize === null || evidence.groupSize === 0 ? dims.columns : evidence.groupSize;
  const scales = group % 2 === 0 ? groupGrid(weight, scale, format, dims, group) : null;
  return scales === null
    ? refuse(`its scale, ${shapeText(scale)}, does not fit groups of ${group}`)
    : decoded({ code: 'int4', ...dims, scales, global: null, shapeTensor: shape });
};

const hasWeightCompanion = ({ companions }: WeightWithCompanions): boolean => Object.values(companions).some((found) => found !== null);

/**
 * Decides how to read a weight from its dtype and companions, with the config as evidence. The tests name the source of
 * each format; a weight that does not match one format exactly is refused.
 */
export const decodingOf = (weight: WeightWithCompanions, quantization: Quantization | null): Decoding => {
  const { dtype } = weight.weight;
  if (weight.rivals.length > 0) return refuse(`several tensors claim to be its scale: ${weight.rivals.join(', ')}`);
  if (PASSED.has(dtype))
    return hasWeightCompanion(weight) ? refuse(`it is ${dtype} but has scales, so SWP cannot tell how to read it`) : { how: 'as-is' };
  if (weight.companions.zeroPoint !== null || weight.companions.groupIndex !== null) return refuse('it has zero points or group indices');
  if (dtype === 'I32') return decodeInt4(weight, quantization);
  if (weight.companions.shape !== null) return refuse(`${dtype} with a weight_shape is not a known format`);
  switch (dtype) {
    case 'F8_E4M3':
    case 'F8_E5M2':
      return decodeFp8(weight, quantization);
    case 'I8':
      return weight.companions.scale?.dtype === 'F8_E8M0'
        ? decodeMxfp4(weight)
        : refuse(`I8 is only read as packed FP4 with E8M0 scales for groups of ${MX_GROUP}`);
    case 'U8': {
      const scale = weight.companions.scale?.dtype;
      if (scale === 'F8_E4M3') return decodeNvfp4(weight);
      return scale === 'F8_E8M0' || scale === 'U8' ? decodeMxfp4(weight) : refuse('U8 without FP4 scales is not a known format');
    }
    default:
      return refuse('no head of a known model has this dtype');
  }
};
