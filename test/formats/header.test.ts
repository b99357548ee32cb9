import { describe, expect, it } from 'vitest';
import { headerOfFile, headerSize, LENGTH_PREFIX, openHeader, parseHeader } from '../../formats/safetensors/header.js';

/** Parses a header text that is followed by this many bytes of data. */
const parse = (text: string, dataBytes: number) => {
  const header = new TextEncoder().encode(text);
  return parseHeader(header, LENGTH_PREFIX + header.byteLength + dataBytes);
};
const tensor = (name: string, begin: number, end: number, shape = `[${end - begin}]`, dtype = 'U8'): string =>
  `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

describe('a header', () => {
  it('lists tensors in the order of their bytes, with their offsets in the file', () => {
    const text = `{"__metadata__":{"format":"pt"},${tensor('b', 4, 8)},${tensor('a', 0, 4, '[2]', 'BF16')}}`;
    const { tensors, count } = parse(text, 8);
    const base = LENGTH_PREFIX + text.length;
    expect(tensors).toEqual([
      { name: 'a', dtype: 'BF16', shape: [2], begin: base, end: base + 4 },
      { name: 'b', dtype: 'U8', shape: [4], begin: base + 4, end: base + 8 },
    ]);
    expect(count).toBe(2);
  });

  it('lists an empty tensor before the tensor that begins at the same byte', () => {
    const { tensors } = parse(`{${tensor('full', 0, 4)},${tensor('empty', 0, 0)}}`, 4);
    expect(tensors.map(({ name }) => name)).toEqual(['empty', 'full']);
  });

  it('lists only the selected tensors, but counts and checks all', () => {
    const open = (text: string, dataBytes: number) => {
      const header = new TextEncoder().encode(text);
      const parsing = openHeader(header.byteLength, LENGTH_PREFIX + header.byteLength + dataBytes, (name) => name === 'b');
      parsing.feed(header);
      return parsing.end();
    };
    const { tensors, count } = open(`{${tensor('a', 0, 4)},${tensor('b', 4, 8)}}`, 8);
    expect(tensors).toMatchObject([{ name: 'b' }]);
    expect(count).toBe(2);
    expect(() => open(`{${tensor('a', 0, 4)},${tensor('b', 5, 8)}}`, 8)).toThrow(expect.objectContaining({ code: 'formats/hole' }));
  });

  it('is found in a file in memory', () => {
    const header = new TextEncoder().encode(`{${tensor('a', 0, 3)}}`);
    const file = new Uint8Array(LENGTH_PREFIX + header.byteLength + 3);
    file[0] = header.byteLength;
    file.set(header, LENGTH_PREFIX);
    const begin = LENGTH_PREFIX + header.byteLength;
    expect(headerOfFile(file)).toEqual({ tensors: [{ name: 'a', dtype: 'U8', shape: [3], begin, end: begin + 3 }], count: 1 });
    expect(() => headerOfFile(file.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'formats/file-size' }));
  });

  it.each([
    ['no tensors', '{}', 0],
    ['white space around', ` \n{${tensor('a', 0, 2)}}   `, 2],
    ['a scalar', '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4],
    ['a tensor without elements', `{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},${tensor('b', 0, 1)}}`, 1],
    [
      'names that an object would treat specially',
      `{${tensor('__proto__', 0, 1)},${tensor('constructor', 1, 2)},${tensor('10', 2, 3)},${tensor('9', 3, 4)}}`,
      4,
    ],
    ['unknown fields of an entry', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":[1.5e3,{"x":null}]}}', 1],
    ['packed four-bit numbers', '{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}', 2],
    ['no metadata', `{"__metadata__":null,${tensor('a', 0, 1)}}`, 1],
    ['spaces in its metadata', '{"__metadata__":{"made by":"a b"}}', 0],
    ['a name of 1000 characters', `{${tensor('x'.repeat(1000), 0, 1)}}`, 1],
    ['fields that nest 64 deep', `{"a":{"x":${'['.repeat(63)}${']'.repeat(63)},"dtype":"U8","shape":[],"data_offsets":[0,1]}}`, 1],
  ])('may have %s', (_, text, data) => {
    expect(() => parse(text, data)).not.toThrow();
  });

  it.each([
    ['a name twice', `{${tensor('a', 0, 1)},${tensor('a', 0, 1)}}`, 1, 'occurs twice'],
    [
      'a name twice in other spellings',
      `{${tensor('a', 0, 1)},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`,
      1,
      'occurs twice',
    ],
    ['a field twice', '{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1, 'occurs twice'],
    ['a fraction', '{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', 1, 'non-negative integer'],
    ['an exponent', '{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}', 1, 'non-negative integer'],
    ['a minus', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[-0,1]}}', 1, 'non-negative integer'],
    ['a leading zero', '{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}', 1, 'non-negative integer'],
    [
      'a number that rounds',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[9007199254740993,9007199254740994]}}',
      1,
      'larger than any file',
    ],
    [
      'a shape that overflows',
      '{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
      0,
      'not a whole number of bytes',
    ],
    ['half a byte', '{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}', 2, 'not a whole number of bytes'],
    ["a size that is not its shape's", '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4, 'takes 8 bytes'],
    ['an unknown dtype', '{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}', 1, 'unknown dtype Q4'],
    ['an overlap', `{${tensor('a', 0, 4)},${tensor('b', 2, 6)}}`, 6, 'inside the one before'],
    ['a hole', `{${tensor('a', 0, 4)},${tensor('b', 5, 6)}}`, 6, 'No tensor covers'],
    ['a hole at the start', `{${tensor('a', 1, 4)}}`, 4, 'No tensor covers'],
    ['more data than tensors', `{${tensor('a', 0, 4)}}`, 5, 'The tensors end at'],
    ['less data than tensors', `{${tensor('a', 0, 4)}}`, 3, 'The tensors end at'],
    ['ends before begins', '{"a":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}}', 4, 'takes 0 bytes'],
    ['a missing field', '{"a":{"dtype":"U8","shape":[1]}}', 1, 'lacks dtype'],
    ['one offset', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1, 'lacks dtype'],
    ['three offsets', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', 1, 'more than 2'],
    ['metadata that is not text', '{"__metadata__":{"a":1}}', 0, 'expected "'],
    ['text after it', '{}{}', 0, 'more text'],
    ['a comma too many', `{${tensor('a', 0, 1)},}`, 1, 'expected "'],
    ['half a surrogate pair', '{"\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1, 'surrogate'],
    ['a control character in a name', '{"a\\u0007":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1, 'control characters'],
    ['a control character in its metadata', '{"__metadata__":{"a":"\u0001"}}', 0, 'control character'],
    ['a name of 1001 characters', `{${tensor('x'.repeat(1001), 0, 1)}}`, 1, 'too long'],
    ['a list instead', '[]', 0, 'expected {, found "["'],
    ['no text', '', 0, 'expected {, found the end'],
    ['a byte order mark', '\ufeff{}', 0, 'expected {'],
    ['a name without a value', '{"a"}', 0, 'expected :, found "}"'],
    ['tensors without a comma between them', `{${tensor('a', 0, 1)};${tensor('b', 1, 2)}}`, 2, 'expected , or }, found ";"'],
    ['a missing number', '{"a":{"dtype":"U8","shape":[,1],"data_offsets":[0,0]}}', 0, 'non-negative integer, found ","'],
    ['a missing value', '{"a":{"x":,"dtype":"U8"}}', 0, 'expected a value, found ","'],
    ['deep nesting', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, 0, 'expected {'],
    ['fields that nest 65 deep', `{"a":{"x":${'['.repeat(64)}${']'.repeat(64)}}}`, 0, 'nested deeper'],
  ])('is refused with %s', (_, text, data, message) => {
    expect(() => parse(text, data)).toThrow(expect.objectContaining({ kind: 'integrity', message: expect.stringContaining(message) }));
  });

  it('is refused with a tensor of nine dimensions', () => {
    expect(() => parse(`{${tensor('a', 0, 1, '[1,1,1,1,1,1,1,1]')}}`, 1)).not.toThrow();
    expect(() => parse(`{${tensor('a', 0, 1, '[1,1,1,1,1,1,1,1,1]')}}`, 1)).toThrow(/more than 8 numbers/);
  });

  it.each(['0', '12', '-0.5', '1.797e308', '2E+10', 'true', 'false', 'null'])('may have %s in an unknown field', (value) => {
    expect(() => parse(`{"a":{"x":${value},"dtype":"U8","shape":[],"data_offsets":[0,1]}}`, 1)).not.toThrow();
  });

  it.each(['01', '1.', '.5', '+1', '-', '1e', '0x1', 'nulls', 'xnull', 'x1', 'NaN', '1.7971e308'])(
    'is refused with %s in an unknown field',
    (value) => {
      expect(() => parse(`{"a":{"x":${value},"dtype":"U8","shape":[],"data_offsets":[0,1]}}`, 1)).toThrow(
        expect.objectContaining({ code: 'formats/bad-json' }),
      );
    },
  );

  it.each([
    ['a byte that is not UTF-8', [0x7b, 0x22, 0xff, 0x22, 0x7d]],
    ['half a character at its end', [0x7b, 0x7d, 0xe2, 0x82]],
  ])('is refused with %s', (_, bytes) => {
    expect(() => parseHeader(Uint8Array.from(bytes), LENGTH_PREFIX + bytes.length)).toThrow(
      expect.objectContaining({ kind: 'integrity', code: 'formats/bad-utf8', cause: expect.any(TypeError) }),
    );
  });
});

describe('the length of a header', () => {
  const prefix = (length: bigint): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };
  const refusal = expect.objectContaining({ kind: 'integrity', code: 'formats/header-length' });

  it.each([
    [0n, 100],
    [1n, 100],
    [100_000_001n, 1_000_000_000],
    [93n, 100],
    [2n, 9],
    [2n, 7],
    [2n ** 62n, 100],
    [2n ** 64n - 1n, 100],
  ])('%i is refused in a file of %i bytes', (length, size) => {
    expect(() => headerSize(prefix(length), size)).toThrow(refusal);
  });

  it.each([
    [2n, 10],
    [92n, 100],
    [100_000_000n, 1_000_000_000],
  ])('%i is accepted in a file of %i bytes', (length, size) => {
    expect(headerSize(prefix(length), size)).toBe(Number(length));
  });

  it.each([7, 100])('is refused when only seven bytes of a file of %i are read', (size) => {
    expect(() => headerSize(new Uint8Array(7), size)).toThrow(refusal);
  });
});
