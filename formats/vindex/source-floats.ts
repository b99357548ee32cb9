import type { Dtype } from '../dtype.js';
import { halfAt } from './half.js';

/** Decodes numbers of the source exactly, for the dtypes that larql reads, from little-endian bytes. */
export const sourceFloats = (dtype: Dtype, bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === 'F32') return Float32Array.from({ length: bytes.byteLength / 4 }, (_, at) => view.getFloat32(at * 4, true));
  const values = new Float32Array(bytes.byteLength / 2);
  const words = new Uint32Array(values.buffer);
  for (let at = 0; at < values.length; at += 1) {
    if (dtype === 'BF16') words[at] = view.getUint16(at * 2, true) << 16;
    else values[at] = halfAt(bytes, at * 2);
  }
  return values;
};
