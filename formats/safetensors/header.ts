import { SwpError } from '../../core/error.js';
import { oneLine } from '../../core/text.js';
import { isDtype, tensorBytes, type Dtype } from '../dtype.js';
import { decodeUtf8, readJson, type JsonReader } from './tokenizer.js';

/** Length of the little-endian integer that begins every file. */
export const LENGTH_PREFIX = 8;
/** What the official reader takes (`MAX_HEADER_SIZE`). */
const MAX_HEADER = 100_000_000;
const MAX_TENSORS = 1_000_000;
const MAX_NAME = 1_000;
const MAX_RANK = 64;

/** A tensor and where it lies: `begin` and `end` are bytes from the start of the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly tensors: readonly TensorInfo[];
  readonly metadata: ReadonlyMap<string, string>;
}

const refuse = (code: string, message: string): never => {
  throw new SwpError('integrity', `formats/${code}`, message);
};

/**
 * Length of the header in bytes, from the first eight bytes of a file.
 *
 * @throws SwpError `formats/header-length`
 */
export const headerSize = (prefix: Uint8Array, fileSize: number): number => {
  if (prefix.byteLength < LENGTH_PREFIX || fileSize < LENGTH_PREFIX)
    return refuse('header-length', `A file of ${fileSize} bytes is no safetensors file.`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_PREFIX).getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER))
    return refuse('header-length', `Its header claims ${length} bytes; from 2 to ${MAX_HEADER} are allowed.`);
  if (length > BigInt(fileSize - LENGTH_PREFIX))
    return refuse('header-length', `Its header claims ${length} bytes in a file of ${fileSize}: the file is cut short.`);
  return Number(length);
};

const checkName = (name: string): void => {
  if (name.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(name))
    refuse('tensor-name', `A tensor's name is too long or has control characters: ${oneLine(name, 80)}.`);
};

const readMetadata = (reader: JsonReader): Map<string, string> => {
  const metadata = new Map<string, string>();
  if (reader.isNull()) return metadata;
  reader.object((key) => metadata.set(key, reader.string()));
  return metadata;
};

const readIntegers = (reader: JsonReader, max: number, what: string): number[] => {
  const values: number[] = [];
  reader.array(() => {
    values.push(reader.integer());
    if (values.length > max) refuse('tensor-entry', `${what} has more than ${max} numbers.`);
  });
  return values;
};

/** One entry, with offsets still relative to the end of the header. */
const readTensor = (reader: JsonReader, name: string): TensorInfo => {
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
  if (!isDtype(dtype)) return refuse('unknown-dtype', `Tensor ${name} has the unknown dtype ${oneLine(dtype, 40)}.`);
  const bytes = tensorBytes(dtype, shape);
  if (bytes === null)
    return refuse('tensor-size', `Tensor ${name}, ${dtype} [${shape.join(', ')}], has a size that is no whole number of bytes.`);
  if (end < begin || end - begin !== bytes)
    return refuse(
      'tensor-size',
      `Tensor ${name}, ${dtype} [${shape.join(', ')}], takes ${bytes} bytes; its data_offsets say ${begin} to ${end}.`,
    );
  return { name, dtype, shape, begin, end };
};

/** Tensors must fill the file after the header without overlap, hole or rest. */
const checkTiling = (tensors: readonly TensorInfo[], dataBegin: number, fileSize: number): void => {
  let position = dataBegin;
  for (const tensor of tensors) {
    if (tensor.begin < position) refuse('overlap', `Tensor ${tensor.name} begins at byte ${tensor.begin}, inside the one before it.`);
    if (tensor.begin > position)
      refuse('hole', `Nothing describes the bytes from ${position} to ${tensor.begin}, before tensor ${tensor.name}.`);
    position = tensor.end;
  }
  if (position !== fileSize) refuse('file-size', `The tensors end at byte ${position}; the file has ${fileSize}.`);
};

/**
 * Parses a header (without its length prefix) against the size of its file in bytes, by the rules of the
 * official reader, and stricter where that leaves readers to disagree (duplicate keys).
 *
 * @throws SwpError of kind `integrity`, with tensor name and values
 */
export const parseHeader = (header: Uint8Array, fileSize: number): SafetensorsHeader => {
  const reader = readJson(decodeUtf8(header));
  const dataBegin = LENGTH_PREFIX + header.byteLength;
  const tensors: TensorInfo[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  reader.object((name) => {
    if (name === '__metadata__') {
      metadata = readMetadata(reader);
      return;
    }
    checkName(name);
    if (tensors.length >= MAX_TENSORS) refuse('tensor-count', `The header has more than ${MAX_TENSORS} tensors.`);
    const { begin, end, ...rest } = readTensor(reader, name);
    tensors.push({ ...rest, begin: begin + dataBegin, end: end + dataBegin });
  });
  reader.end();
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkTiling(tensors, dataBegin, fileSize);
  return { tensors, metadata };
};
