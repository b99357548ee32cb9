import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../dev/checkpoint/random.js';
import { DTYPE_BITS, tensorBytes, type Dtype } from '../../formats/dtype.js';
import { LENGTH_PREFIX, parseHeader } from '../../formats/safetensors/header.js';
import { layoutTensors, type TensorShape } from '../../formats/safetensors/write.js';
import { pythonEnvironment } from '../support/python.js';

/** Writes zeros for these tensors with the official writer, and prints its header. */
const OFFICIAL = `
import ctypes, json, sys
from safetensors import TensorSpec, serialize
names = {'BOOL':'bool','U8':'uint8','I8':'int8','F8_E5M2':'float8_e5m2','F8_E4M3':'float8_e4m3fn','F8_E8M0':'float8_e8m0fnu','I16':'int16','U16':'uint16','F16':'float16','BF16':'bfloat16','I32':'int32','U32':'uint32','F32':'float32','F64':'float64','I64':'int64','U64':'uint64'}
out = []
for tensors in json.load(sys.stdin):
    buffers = [ctypes.create_string_buffer(max(1, t['bytes'])) for t in tensors]
    specs = {t['name']: TensorSpec(dtype=names[t['dtype']], shape=t['shape'], data_ptr=ctypes.addressof(b), data_len=t['bytes']) for t, b in zip(tensors, buffers)}
    data = serialize(specs, {'format': 'pt'})
    n = int.from_bytes(data[:8], 'little')
    out.append([data[:8 + n].hex(), len(data)])
print(json.dumps(out))
`;

const COMMON: Dtype[] = [
  'BOOL',
  'U8',
  'I8',
  'F8_E5M2',
  'F8_E4M3',
  'F8_E8M0',
  'I16',
  'U16',
  'F16',
  'BF16',
  'I32',
  'U32',
  'F32',
  'F64',
  'I64',
  'U64',
];
const NAMES = [
  'mtp.fc.weight',
  'mtp.layers.0.mlp.experts.10.up',
  'mtp.layers.0.mlp.experts.9.up',
  'a"b\\c',
  'é',
  'ｚ',
  '😀',
  '10',
  '9',
  '__proto__',
  'Z',
  'a',
];

const randomSet = (seed: number): TensorShape[] => {
  const next = randomNumbers(seed);
  return NAMES.filter(() => next() % 3 > 0).map((name) => ({
    name,
    dtype: COMMON[next() % COMMON.length]!,
    shape: Array.from({ length: next() % 4 }, () => next() % 5),
  }));
};

describe('the layout of a file', () => {
  it('equals that of the official writer byte for byte', async () => {
    const sets = Array.from({ length: 25 }, (_, seed) => randomSet(seed));
    const input = sets.map((set) => set.map((tensor) => ({ ...tensor, bytes: tensorBytes(tensor.dtype, tensor.shape) })));
    const { stdout } = await execa(await pythonEnvironment(), ['-c', OFFICIAL], { input: JSON.stringify(input) });
    const ours = sets.map((set) => {
      const { header, size } = layoutTensors(set, { format: 'pt' });
      return [Buffer.from(header).toString('hex'), size];
    });
    expect(ours).toEqual(JSON.parse(stdout));
  }, 300_000);

  it('is the same for any order of the tensors', () => {
    for (let seed = 0; seed < 20; seed += 1) expect(layoutTensors(randomSet(seed).toReversed())).toEqual(layoutTensors(randomSet(seed)));
  });

  it('is parsed by our own parser', () => {
    const all = (Object.keys(DTYPE_BITS) as Dtype[]).map((dtype, at): TensorShape => ({ name: `t${at}`, dtype, shape: [8, 3] }));
    const { header, size, tensors } = layoutTensors(all, { b: '2', a: '1' });
    const parsed = parseHeader(header.subarray(LENGTH_PREFIX), size);
    expect(parsed.tensors).toEqual(tensors);
    const metadata: unknown = JSON.parse(new TextDecoder().decode(header.subarray(LENGTH_PREFIX)));
    expect(metadata).toMatchObject({ __metadata__: { a: '1', b: '2' } });
    expect(header.byteLength % 8).toBe(0);
  });

  it('has no metadata unless there are some', () => {
    const { header } = layoutTensors([{ name: 'a', dtype: 'U8', shape: [2, 1] }]);
    const text = new TextDecoder().decode(header.subarray(LENGTH_PREFIX));
    expect(text.trimEnd()).toBe('{"a":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]}}');
  });

  it('is the same for any order of the metadata', () => {
    expect(layoutTensors([], { b: '2', a: '1', c: '3' })).toEqual(layoutTensors([], { c: '3', a: '1', b: '2' }));
  });
});

describe('the limits of a file that is written', () => {
  it('refuses a tensor that does not fill whole bytes', () => {
    expect(() => layoutTensors([{ name: 'a', dtype: 'F4', shape: [3] }])).toThrow(
      expect.objectContaining({ kind: 'internal', code: 'formats/tensor-size' }),
    );
  });

  it('accepts tensors of 500 GB, and no more', () => {
    const layout = (bytes: number) =>
      layoutTensors([
        { name: 'a', dtype: 'U8', shape: [1e9] },
        { name: 'b', dtype: 'U8', shape: [bytes - 1e9] },
      ]);
    const { header, size } = layout(500e9);
    expect(size).toBe(header.byteLength + 500e9);
    expect(() => layout(500e9 + 1)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'formats/too-large' }));
  });

  it('accepts a header of 25 MB, and no longer one', () => {
    const layout = (nameLength: number) => layoutTensors([{ name: 'x'.repeat(nameLength), dtype: 'U8', shape: [0] }]);
    const longestName = 25_000_000 - '{"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'.length;
    expect(layout(longestName).header.byteLength).toBe(LENGTH_PREFIX + 25_000_000);
    expect(() => layout(longestName + 1)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'formats/too-many-tensors' }));
  });
});
