import { describe, expect, it } from 'vitest';
import { planMtpSidecar } from '../../../formats/mtp/selection.js';
import type { Dtype } from '../../../formats/dtype.js';
import { file, tensors } from './checkpoint.js';

type Shape = readonly [Dtype, ...number[]];
const CONFIG_128 = { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } };
const int4 = (over: Record<string, unknown> = {}, quantization: Record<string, unknown> = {}) => ({
  quantization_config: {
    quant_method: 'compressed-tensors',
    format: 'pack-quantized',
    config_groups: { group_0: { weights: { num_bits: 4, type: 'int', symmetric: true, strategy: 'group', group_size: 32, ...over } } },
    ...quantization,
  },
});

/** Plans one weight below `mtp.0.` with its companions. */
const plan = (shapes: Readonly<Record<string, Shape>>, config: unknown = {}) => {
  const named = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [`mtp.0.${name}`, shape]));
  return planMtpSidecar({ files: [file('model.safetensors', tensors(named))], config });
};
const weight = (shape: Shape, scale: Shape, suffix = 'weight_scale_inv') => ({ 'a.weight': shape, [`a.${suffix}`]: scale });
const packed = { 'a.weight_packed': ['I32', 8, 8], 'a.weight_scale': ['BF16', 8, 2], 'a.weight_shape': ['I64', 2] } as const;

describe('the block size of scales', () => {
  it.each<[string, Record<string, Shape>, unknown, readonly [number, number]]>([
    ['is that of the config when it fits', weight(['F8_E4M3', 576, 7168], ['F32', 5, 56]), CONFIG_128, [128, 128]],
    ['is the one known size that fits', weight(['F8_E4M3', 576, 7168], ['F32', 5, 56]), {}, [128, 128]],
    ['may differ by dimension', weight(['F8_E4M3', 1024, 512], ['F32', 1024, 16]), {}, [1, 32]],
    ['is the whole dimension for a grid of one', weight(['F8_E4M3', 1024, 512], ['F32', 1, 1]), {}, [1024, 512]],
    ['is a row for [R]', weight(['F8_E4M3', 33, 50], ['BF16', 33], 'weight_scale'), {}, [1, 50]],
    [
      'is a row for [R, 1], even when the number of its elements fits blocks',
      weight(['F8_E4M3', 256, 4096], ['F32', 256, 1]),
      {},
      [1, 4096],
    ],
    ['is the tensor for a scalar', weight(['F8_E5M2', 20, 30], ['F32'], 'weight_scale'), {}, [20, 30]],
    ['is the tensor for [1]', weight(['F8_E4M3', 20, 30], ['BF16', 1], 'weight_scale'), {}, [20, 30]],
    ['is found for each expert', { experts: ['F8_E4M3', 2, 256, 256], experts_scale_inv: ['F32', 2, 2, 2] }, CONFIG_128, [128, 128]],
  ])('%s', (_, shapes, config, [rows, columns]) => {
    const { outputs, problems } = plan(shapes, config);
    expect(problems.filter(({ severity }) => severity === 'blocked')).toEqual([]);
    expect(outputs).toHaveLength(1);
    expect(outputs[0]?.quantised?.scales).toMatchObject({ blockRows: rows, blockColumns: columns });
  });

  it('takes precedence over the config, with a warning', () => {
    const { outputs, problems } = plan(weight(['F8_E4M3', 1024, 512], ['F32', 16, 8]), CONFIG_128);
    expect(outputs[0]?.quantised?.scales).toMatchObject({ blockRows: 64, blockColumns: 64 });
    expect(problems).toContainEqual({ code: 'block-size', severity: 'warn', message: expect.stringContaining('blocks of 64 × 64') });
  });
});

describe('a tensor that cannot be decoded', () => {
  it.each<[string, Record<string, Shape>, unknown, string]>([
    [
      'a grid padded for tensor parallelism',
      weight(['F8_E4M3', 13568, 4096], ['F32', 108, 32]),
      CONFIG_128,
      'does not fit a known block size',
    ],
    ['a grid of an unknown block size', weight(['F8_E4M3', 576, 7168], ['F32', 6, 56]), {}, 'F8_E4M3 [576, 7168]: its scale, F32 [6, 56]'],
    ['a grid of other experts', { x: ['F8_E4M3', 2, 256, 256], x_scale_inv: ['F32', 3, 2, 2] }, {}, 'does not fit a known block size'],
    ['a flat grid of a fused weight', { x: ['F8_E4M3', 2, 256, 256], x_scale_inv: ['F32', 8] }, {}, 'does not fit a known block size'],
    ['FP8 without a scale', { 'a.weight': ['F8_E4M3', 4, 4] }, {}, 'a.weight, F8_E4M3 [4, 4]: it has no scale'],
    ['FP8 with a scale of nothing', weight(['F8_E4M3', 4, 4], ['F32', 0, 1]), {}, 'does not fit a known block size'],
    ['FP8 with scales of another kind', weight(['F8_E4M3', 4, 4], ['F16', 4, 1]), {}, 'its scale has dtype F16'],
    ['FP8 with a second scale', { ...weight(['F8_E4M3', 4, 4], ['F32', 1]), 'a.weight_scale_2': ['F32'] }, {}, 'not a known format'],
    ['FP8 with U8 scales of another group', weight(['F8_E4M3', 6, 96], ['U8', 6, 6]), {}, 'not E8M0 for groups of 32'],
    ['an FP8 dtype of other hardware', { 'a.weight': ['F8_E4M3FNUZ', 4, 4], 'a.weight_scale': ['F32'] }, {}, 'F8_E4M3FNUZ [4, 4]'],
    ['two scales', { ...weight(['F8_E4M3', 4, 4], ['F32', 1]), 'a.weight_scale': ['F32', 1] }, {}, 'several tensors claim to be its scale'],
    ['BF16 with a scale', weight(['BF16', 4, 4], ['F32', 1]), {}, 'cannot tell how to read it'],
    ['I8 without E8M0', weight(['I8', 10, 64], ['F32', 10, 1], 'scale'), {}, 'I8 is only read as packed FP4'],
    ['I8 with E8M0 of another group', weight(['I8', 10, 64], ['F8_E8M0', 10, 8], 'scale'), {}, 'not E8M0 for groups of 32'],
    ['U8 without a scale', { 'a.weight': ['U8', 10, 64] }, {}, 'U8 without FP4 scales'],
    ['NVFP4 without its second scale', weight(['U8', 12, 32], ['F8_E4M3', 12, 4], 'weight_scale'), {}, 'exactly one second scale'],
    [
      'NVFP4 in both conventions',
      {
        ...weight(['U8', 12, 32], ['F8_E4M3', 12, 4], 'weight_scale'),
        'a.weight_scale_2': ['F32'],
        'a.weight_global_scale': ['F32', 1],
      },
      {},
      'exactly one second scale',
    ],
    [
      'NVFP4 with second scales for rows',
      { ...weight(['U8', 12, 32], ['F8_E4M3', 12, 4], 'weight_scale'), 'a.weight_scale_2': ['F32', 12] },
      {},
      'not one F32',
    ],
    ['packed integers that the config does not describe', packed, {}, 'does not say that its packed integers are 4-bit and symmetric'],
    ['packed integers of eight bits', packed, int4({ num_bits: 8 }), 'does not say'],
    ['packed integers that are not symmetric', packed, int4({ symmetric: false }), 'does not say'],
    ['packed floats', packed, int4({ type: 'float' }), 'does not say'],
    ['packed integers with zero points', { ...packed, 'a.weight_zero_point': ['I32', 1, 2] }, int4(), 'zero points'],
    ['packed integers in another order', { ...packed, 'a.weight_g_idx': ['I32', 64] }, int4(), 'group indices'],
    [
      'packed integers without their shape',
      { 'a.weight_packed': packed['a.weight_packed'], 'a.weight_scale': packed['a.weight_scale'] },
      int4(),
      'need a weight_shape',
    ],
    ['packed integers of another group', packed, int4({ group_size: 128 }), 'does not fit groups of 128'],
    ['plain integers', { 'a.weight': ['I64', 4] }, {}, 'I64 [4]: no head of a known model has this dtype'],
    ['truth values', { 'a.mask': ['BOOL', 4] }, {}, 'BOOL [4]'],
    ['FP4 of the dtype F4', { 'a.weight': ['F4', 4, 4] }, {}, 'F4 [4, 4]'],
  ])('is refused with its name and the reason: %s', (_, shapes, config, reason) => {
    const { problems } = plan(shapes, config);
    const blocked = problems.filter(({ severity }) => severity === 'blocked');
    expect(blocked.map(({ code }) => code)).toEqual(['undecodable']);
    expect(blocked[0]?.message).toContain(reason);
    expect(blocked[0]?.message).toContain('mtp.0.');
  });

  it('is refused when it is a scale without its weight', () => {
    const { problems } = plan({ 'a.weight_scale_inv': ['F32', 1, 1], 'b.weight': ['BF16', 1] });
    expect(problems).toContainEqual({
      code: 'orphan-scale',
      severity: 'blocked',
      message: expect.stringContaining('mtp.0.a.weight_scale_inv'),
    });
  });
});

it('reads packed integers when the config says that they are 4-bit and symmetric', () => {
  const { outputs, problems } = plan(packed, int4());
  expect(problems.filter(({ severity }) => severity === 'blocked')).toEqual([]);
  expect(outputs.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([['mtp.0.a.weight', 'BF16', [8, 64]]]);
});
