import { BeyondLimit, SwpError } from '../../core/error.js';
import { sanitizeLine } from '../../core/text.js';
import { isDtype, tensorBytes, type Dtype } from '../dtype.js';
import { readMembers, type Parsing } from './json-members.js';
import type { JsonReader } from './json-reader.js';

/** Length in bytes of the little-endian integer at the start of every file. */
export const LENGTH_PREFIX = 8;
/** The limit of the official reader (`MAX_HEADER_SIZE`). */
const MAX_HEADER = 100_000_000;
/** Maximum number of tensors in one file. The largest published checkpoints have twice as many, in dozens of files. */
const MAX_TENSORS = 100_000;
const MAX_NAME = 1_000;
const MAX_RANK = 8;

/** A tensor and its position: `begin` and `end` are byte offsets from the start of the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** The tensors that `keep` selected, in the order of their bytes. */
  readonly tensors: readonly TensorInfo[];
  /** The number of all tensors in the file. */
  readonly count: number;
}

const refuse = (code: string, message: string): never => {
  throw new SwpError('integrity', `formats/${code}`, message);
};

/**
 * Returns the length of the header in bytes, from the first eight bytes of a file.
 *
 * @throws SwpError `formats/header-length`
 */
export const headerSize = (prefix: Uint8Array, fileSize: number): number => {
  if (prefix.byteLength < LENGTH_PREFIX) return refuse('header-length', `A file of ${fileSize} bytes is not a safetensors file.`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_PREFIX).getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER))
    return refuse('header-length', `Its header claims ${length} bytes; from 2 to ${MAX_HEADER} are allowed.`);
  if (length > BigInt(fileSize - LENGTH_PREFIX))
    return refuse('header-length', `Its header claims ${length} bytes in a file of ${fileSize}: the file is cut short.`);
  return Number(length);
};

const checkName = (name: string): void => {
  if (name.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(name))
    refuse('tensor-name', `A tensor's name is too long or has control characters: ${sanitizeLine(name, 80)}.`);
};

const readIntegers = (reader: JsonReader, max: number, what: string): number[] => {
  const values: number[] = [];
  reader.array(() => {
    values.push(reader.integer());
    if (values.length > max) refuse('tensor-entry', `${what} has more than ${max} numbers.`);
  });
  // A copy, because an array that grew keeps spare capacity.
  return values.slice();
};

/** Reads one entry; its offsets in the header count from the end of the header. */
const readTensor = (reader: JsonReader, name: string, dataBegin: number): TensorInfo => {
  const found: { dtype?: string; shape?: number[]; offsets?: number[] } = {};
  reader.object((field) => {
    if (field === 'dtype') found.dtype = reader.string();
    else if (field === 'shape') found.shape = readIntegers(reader, MAX_RANK, `The shape of ${name}`);
    else if (field === 'data_offsets') found.offsets = readIntegers(reader, 2, `data_offsets of ${name}`);
    else reader.skip();
  });
  const { dtype, shape, offsets } = found;
  const [begin, end] = offsets ?? [];
  if (dtype === undefined || shape === undefined || begin === undefined || end === undefined)
    return refuse('tensor-entry', `Tensor ${name} lacks dtype, shape or data_offsets.`);
  if (!isDtype(dtype)) return refuse('unknown-dtype', `Tensor ${name} has the unknown dtype ${sanitizeLine(dtype, 40)}.`);
  const bytes = tensorBytes(dtype, shape);
  if (bytes === null)
    return refuse('tensor-size', `Tensor ${name}, ${dtype} [${shape.join(', ')}], has a size that is not a whole number of bytes.`);
  if (end - begin !== bytes)
    return refuse(
      'tensor-size',
      `Tensor ${name}, ${dtype} [${shape.join(', ')}], takes ${bytes} bytes; its data_offsets say ${begin} to ${end}.`,
    );
  return { name, dtype, shape, begin: dataBegin + begin, end: dataBegin + end };
};

/** The positions of all tensors, in three parallel arrays: a million tensors take little memory in this form. */
class Extents {
  private readonly names: string[] = [];
  private readonly begins: number[] = [];
  private readonly ends: number[] = [];

  get count(): number {
    return this.names.length;
  }

  add({ name, begin, end }: TensorInfo): void {
    this.names.push(name);
    this.begins.push(begin);
    this.ends.push(end);
  }

  /** Checks that the tensors fill the file after the header without an overlap, a hole or a remainder. */
  checkTiling(dataBegin: number, fileSize: number): void {
    let position = dataBegin;
    for (const at of this.inOrder()) {
      const begin = this.begins[at] ?? 0;
      if (begin < position) refuse('overlap', `Tensor ${this.names[at]} begins at byte ${begin}, inside the one before it.`);
      if (begin > position) refuse('hole', `No tensor covers the bytes from ${position} to ${begin}, before tensor ${this.names[at]}.`);
      position = this.ends[at] ?? 0;
    }
    if (position !== fileSize) refuse('file-size', `The tensors end at byte ${position}; the file has ${fileSize}.`);
  }

  private inOrder(): Uint32Array {
    const { begins, ends } = this;
    return Uint32Array.from(begins.keys()).toSorted((a, b) => (begins[a] ?? 0) - (begins[b] ?? 0) || (ends[a] ?? 0) - (ends[b] ?? 0));
  }
}

/**
 * Parses a header (without its length prefix) while its bytes arrive, and checks it against the size of its file in bytes.
 * Uses the rules of the official reader, and stricter ones where readers could disagree (duplicate keys). Checks all
 * tensors, but keeps in memory only their names and positions, and the entries that `keep` selects.
 *
 * @throws SwpError of kind `integrity`, with the tensor's name and the values
 */
export const openHeader = (
  headerBytes: number,
  fileSize: number,
  keep: (name: string) => boolean = () => true,
): Parsing<SafetensorsHeader> => {
  const dataBegin = LENGTH_PREFIX + headerBytes;
  const kept: TensorInfo[] = [];
  const extents = new Extents();
  const members = readMembers((name, reader) => {
    if (name === '__metadata__') {
      if (!reader.isNull()) reader.object(() => reader.string());
      return () => undefined;
    }
    checkName(name);
    if (extents.count >= MAX_TENSORS)
      throw new BeyondLimit('integrity', 'formats/tensor-count', `The header has more than ${MAX_TENSORS} tensors.`);
    const tensor = readTensor(reader, name, dataBegin);
    return () => {
      extents.add(tensor);
      if (keep(name)) kept.push(tensor);
    };
  });
  return {
    feed: (bytes) => members.feed(bytes),
    end: () => {
      members.end();
      extents.checkTiling(dataBegin, fileSize);
      return { tensors: kept.toSorted((a, b) => a.begin - b.begin || a.end - b.end), count: extents.count };
    },
  };
};

/**
 * Parses a whole header (without its length prefix).
 *
 * @throws SwpError as `openHeader` does
 */
export const parseHeader = (header: Uint8Array, fileSize: number): SafetensorsHeader => {
  const parsing = openHeader(header.byteLength, fileSize);
  parsing.feed(header);
  return parsing.end();
};

/**
 * Parses the header of a file that is completely in memory.
 *
 * @throws SwpError as `openHeader` does
 */
export const headerOfFile = (file: Uint8Array): SafetensorsHeader => {
  const end = LENGTH_PREFIX + headerSize(file.subarray(0, LENGTH_PREFIX), file.byteLength);
  return parseHeader(file.subarray(LENGTH_PREFIX, end), file.byteLength);
};
