import { randomNumbers } from '../../../../dev/checkpoint/random.js';
import { DTYPE_BITS, type Dtype } from '../../../../formats/dtype.js';
import { layoutTensors, type TensorShape } from '../../../../formats/safetensors/write.js';

/** The recipe of an output for the Python reference. Written by hand, so that it is independent of our planning. */
export interface Expected {
  readonly weight: string;
  readonly codes?: 'e4m3' | 'e5m2' | 'e2m1' | 'int4';
  readonly scale?: string;
  readonly scaleFormat?: 'F32' | 'BF16' | 'E8M0' | 'E4M3';
  readonly block?: readonly [number, number];
  readonly global?: { readonly name: string; readonly divide: boolean };
  /** Matrix of a fused weight, and its rows. */
  readonly matrix?: number;
  readonly rows?: readonly [number, number];
}

const HEAD = 'mtp.layers.0.';
const shape = (name: string, dtype: Dtype, ...dims: number[]): TensorShape => ({ name: `${HEAD}${name}`, dtype, shape: dims });

/** Every format that is decoded, with ragged edges, fused experts, and companions to drop. */
export const TENSORS: readonly TensorShape[] = [
  shape('plain.weight', 'BF16', 5, 7),
  shape('plain.bias', 'F32', 9),
  shape('half.weight', 'F16', 3, 3),
  shape('empty.weight', 'BF16', 0, 4),
  shape('block.weight', 'F8_E4M3', 576, 200),
  shape('block.weight_scale_inv', 'F32', 5, 2),
  shape('wide.weight', 'F8_E4M3', 3000, 1024),
  shape('wide.weight_scale_inv', 'F32', 24, 8),
  shape('row.weight', 'F8_E4M3', 33, 50),
  shape('row.weight_scale', 'BF16', 33, 1),
  shape('vector.weight', 'F8_E4M3', 33, 50),
  shape('vector.weight_scale', 'F32', 33),
  shape('tensor.weight', 'F8_E4M3', 20, 30),
  shape('tensor.weight_scale', 'F32'),
  shape('tensor.input_scale', 'F32'),
  shape('five.weight', 'F8_E5M2', 130, 129),
  shape('five.scale', 'F8_E8M0', 2, 2),
  shape('mx8.weight', 'F8_E4M3', 6, 96),
  shape('mx8.weight_scale_inv', 'U8', 6, 3),
  shape('v4.weight', 'I8', 10, 64),
  shape('v4.scale', 'F8_E8M0', 10, 4),
  shape('mx4.weight_packed', 'U8', 10, 64),
  shape('mx4.weight_scale', 'U8', 10, 4),
  shape('nv.weight', 'U8', 12, 32),
  shape('nv.weight_scale', 'F8_E4M3', 12, 4),
  shape('nv.weight_scale_2', 'F32'),
  shape('nv.input_scale', 'F32'),
  shape('ct.weight_packed', 'U8', 12, 32),
  shape('ct.weight_scale', 'F8_E4M3', 12, 4),
  shape('ct.weight_global_scale', 'F32', 1),
  shape('int.weight_packed', 'I32', 8, 8),
  shape('int.weight_scale', 'BF16', 8, 2),
  shape('int.weight_shape', 'I64', 2),
  shape('attn.k_scale', 'F32', 1),
  // The inner size is no multiple of the block: gate and up share a row of scales.
  shape('mlp.experts.gate_up_proj', 'F8_E4M3', 2, 200, 130),
  shape('mlp.experts.gate_up_proj_scale_inv', 'F32', 2, 2, 2),
  shape('mlp.experts.down_proj', 'F8_E4M3', 2, 130, 100),
  shape('mlp.experts.down_proj_scale_inv', 'F32', 2, 2, 1),
];

const BLOCK = [128, 128] as const;
const fp8 = (name: string, block: readonly [number, number], over: Partial<Expected> = {}): Expected => ({
  weight: `${HEAD}${name}.weight`,
  codes: 'e4m3',
  scale: `${HEAD}${name}.weight_scale_inv`,
  scaleFormat: 'F32',
  block,
  ...over,
});
const kept = (name: string): Expected => ({ weight: `${HEAD}${name}` });

const expert = (index: number): [string, Expected][] => {
  const fused = (part: string): Expected =>
    fp8('', BLOCK, { weight: `${HEAD}mlp.experts.${part}`, scale: `${HEAD}mlp.experts.${part}_scale_inv`, matrix: index });
  return [
    [`mlp.experts.${index}.gate_proj.weight`, { ...fused('gate_up_proj'), rows: [0, 100] }],
    [`mlp.experts.${index}.up_proj.weight`, { ...fused('gate_up_proj'), rows: [100, 200] }],
    [`mlp.experts.${index}.down_proj.weight`, { ...fused('down_proj'), rows: [0, 130] }],
  ];
};

const packed = (
  weight: string,
  scale: string,
  scaleFormat: Expected['scaleFormat'],
  group: number,
  over: Partial<Expected> = {},
): Expected => ({
  weight: `${HEAD}${weight}`,
  codes: 'e2m1',
  scale: `${HEAD}${scale}`,
  ...(scaleFormat === undefined ? {} : { scaleFormat }),
  block: [1, group],
  ...over,
});

/** Output name → its recipe for the Python reference. */
export const EXPECTED: Readonly<Record<string, Expected>> = Object.fromEntries(
  [
    ['plain.weight', kept('plain.weight')] as const,
    ['plain.bias', kept('plain.bias')] as const,
    ['half.weight', kept('half.weight')] as const,
    ['empty.weight', kept('empty.weight')] as const,
    ['block.weight', fp8('block', BLOCK)] as const,
    ['wide.weight', fp8('wide', BLOCK)] as const,
    ['row.weight', fp8('row', [1, 50], { scale: `${HEAD}row.weight_scale`, scaleFormat: 'BF16' })] as const,
    ['vector.weight', fp8('vector', [1, 50], { scale: `${HEAD}vector.weight_scale` })] as const,
    ['tensor.weight', fp8('tensor', [20, 30], { scale: `${HEAD}tensor.weight_scale` })] as const,
    ['five.weight', fp8('five', BLOCK, { codes: 'e5m2', scale: `${HEAD}five.scale`, scaleFormat: 'E8M0' })] as const,
    ['mx8.weight', fp8('mx8', [1, 32], { scaleFormat: 'E8M0' })] as const,
    ['v4.weight', packed('v4.weight', 'v4.scale', 'E8M0', 32)] as const,
    ['mx4.weight', packed('mx4.weight_packed', 'mx4.weight_scale', 'E8M0', 32)] as const,
    [
      'nv.weight',
      packed('nv.weight', 'nv.weight_scale', 'E4M3', 16, { global: { name: `${HEAD}nv.weight_scale_2`, divide: false } }),
    ] as const,
    [
      'ct.weight',
      packed('ct.weight_packed', 'ct.weight_scale', 'E4M3', 16, { global: { name: `${HEAD}ct.weight_global_scale`, divide: true } }),
    ] as const,
    ['int.weight', packed('int.weight_packed', 'int.weight_scale', 'BF16', 32, { codes: 'int4' })] as const,
    ...expert(0),
    ...expert(1),
  ].map(([name, expected]) => [`${HEAD}${name}`, expected]),
);

const fractions = (seed: number): (() => number) => {
  const next = randomNumbers(seed);
  return () => next() / 2 ** 32;
};

/** Fills in random bytes, except for plausible F32 scales and the values of the shape tensor. */
const fillTensor = (bytes: Uint8Array, { name, dtype }: TensorShape, next: () => number): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (name.endsWith('weight_shape')) {
    view.setBigInt64(0, 8n, true);
    view.setBigInt64(8, 64n, true);
  } else if (dtype === 'F32') {
    for (let at = 0; at < bytes.byteLength; at += 4) view.setFloat32(at, 10 ** (next() * 8 - 6) * (next() < 0.1 ? -1 : 1), true);
  } else {
    for (let at = 0; at < bytes.byteLength; at += 1) bytes[at] = Math.floor(next() * 256);
  }
};

/** The same tensors with the same bytes, distributed over this many shards; `order` seeds the distribution. */
export const quantisedCheckpoint = (shards: number, order: number): ReadonlyMap<string, Uint8Array> => {
  const next = fractions(order);
  const dealt: TensorShape[][] = Array.from({ length: shards }, () => []);
  for (const tensor of TENSORS) dealt[Math.floor(next() * shards)]?.push(tensor);
  const files = new Map<string, Uint8Array>();
  for (const [at, tensors] of dealt.entries()) {
    const layout = layoutTensors(tensors);
    const bytes = new Uint8Array(layout.size);
    bytes.set(layout.header);
    for (const tensor of layout.tensors) {
      const seed = TENSORS.findIndex(({ name }) => name === tensor.name) + 1;
      fillTensor(bytes.subarray(tensor.begin, tensor.end), tensor, fractions(seed * 7919));
    }
    files.set(`model-${at + 1}-of-${shards}.safetensors`, bytes);
  }
  const weights = { num_bits: 4, type: 'int', symmetric: true, group_size: 32 };
  const quantization = { quant_method: 'mixed', weight_block_size: BLOCK, config_groups: { group_0: { weights } } };
  return files.set(
    'config.json',
    new TextEncoder().encode(JSON.stringify({ num_nextn_predict_layers: 1, quantization_config: quantization })),
  );
};

export const bytesOfTensors = (): number =>
  TENSORS.reduce((sum, { dtype, shape: dims }) => sum + (dims.reduce((a, b) => a * b, 1) * DTYPE_BITS[dtype]) / 8, 0);
