import { SwpError } from '../../core/error.js';
import { compareBytes } from '../../core/text.js';
import { dtypeRank, tensorBytes, type Dtype } from '../dtype.js';
import { LENGTH_PREFIX, type TensorInfo } from './header.js';

/** Python and JavaScript readers refuse longer headers. */
const MAX_WRITTEN_HEADER = 25_000_000;
/** Maximum size of a file on the Hub. */
const MAX_WRITTEN_FILE = 500e9;
const ALIGNMENT = 8;

export interface TensorShape {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface FileLayout {
  /** The length prefix and the padded header: the file's first bytes. */
  readonly header: Uint8Array;
  /** The tensors in the order of their bytes, with offsets from the start of the file. */
  readonly tensors: readonly TensorInfo[];
  /** Size of the whole file in bytes. */
  readonly size: number;
}

/** Builds the header's text without `JSON.stringify` of an object, which would reorder names that look like integers. */
const headerText = (tensors: readonly TensorInfo[], metadata: Readonly<Record<string, string>>): string => {
  const quoted = Object.entries(metadata)
    .toSorted(([a], [b]) => compareBytes(a, b))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const entries = tensors.map(
    ({ name, dtype, shape, begin, end }) =>
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${begin},${end}]}`,
  );
  return `{${[...(quoted.length === 0 ? [] : [`"__metadata__":{${quoted.join(',')}}`]), ...entries].join(',')}}`;
};

/**
 * Computes the layout in which the reference implementation writes tensors: by dtype descending, then by name in the order
 * of UTF-8 bytes, packed, the header padded with spaces (safetensors/src/tensor.rs, `prepare`). Equal tensors give equal
 * bytes, regardless of the order of `tensors`.
 *
 * @throws SwpError `formats/too-many-tensors` if readers would refuse the header, `formats/too-large` if the Hub would
 *   refuse the file
 */
export const layoutTensors = (tensors: readonly TensorShape[], metadata: Readonly<Record<string, string>> = {}): FileLayout => {
  const ordered = tensors.toSorted((a, b) => dtypeRank(b.dtype) - dtypeRank(a.dtype) || compareBytes(a.name, b.name));
  let position = 0;
  const relative = ordered.map(({ name, dtype, shape }): TensorInfo => {
    const bytes = tensorBytes(dtype, shape);
    if (bytes === null)
      throw new SwpError('internal', 'formats/tensor-size', `${name}, ${dtype} [${shape.join(', ')}], does not fill whole bytes.`);
    const begin = position;
    position += bytes;
    if (position > MAX_WRITTEN_FILE)
      throw new SwpError(
        'invalid',
        'formats/too-large',
        `With ${name}, ${dtype} [${shape.join(', ')}], the file would have ${position} bytes or more; the Hub takes ${MAX_WRITTEN_FILE}.`,
      );
    return { name, dtype, shape, begin, end: position };
  });
  const text = new TextEncoder().encode(headerText(relative, metadata));
  const padded = Math.ceil(text.byteLength / ALIGNMENT) * ALIGNMENT;
  if (padded > MAX_WRITTEN_HEADER)
    throw new SwpError(
      'invalid',
      'formats/too-many-tensors',
      `The header of ${tensors.length} tensors would have ${padded} bytes; readers take ${MAX_WRITTEN_HEADER}.`,
    );
  const header = new Uint8Array(LENGTH_PREFIX + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, LENGTH_PREFIX);
  const placed = relative.map((tensor) => ({ ...tensor, begin: tensor.begin + header.byteLength, end: tensor.end + header.byteLength }));
  return { header, tensors: placed, size: header.byteLength + position };
};
