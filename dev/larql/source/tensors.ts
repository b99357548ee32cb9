import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SwpError } from '../../../core/error.js';
import type { Dtype } from '../../../formats/dtype.js';
import { headerOfFile, LENGTH_PREFIX, type TensorInfo } from '../../../formats/safetensors/header.js';
import { LARQL_ERRORS } from '../behaviour.js';
import { LarqlError, Panic } from '../failure.js';
import type { Matrix } from '../numbers/blocks.js';
import { decodeHalf } from '../numbers/half.js';

interface Stored extends TensorInfo {
  readonly shard: Uint8Array;
}

const decoders: Partial<Record<Dtype, { readonly bytes: number; read(view: DataView, at: number): number }>> = {
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => decodeHalf(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => new Float32Array(Uint32Array.of(view.getUint16(at, true) << 16).buffer)[0] ?? 0 },
};

const weightFiles = (directory: string): string[] => {
  const names = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const here = names(directory);
  const folder = here.length > 0 || !readdirSync(directory).includes('weights') ? directory : join(directory, 'weights');
  const found = here.length > 0 ? here : folder === directory ? [] : names(folder);
  if (found.length === 0) throw new LarqlError(`no safetensors files in ${directory}`);
  return found.toSorted().map((name) => join(folder, name));
};

/** Returns the tensors of a shard. Throws the error of larql's reader if the shard is invalid. */
const openShard = (file: string): Stored[] => {
  const shard = readFileSync(file);
  if (shard.byteLength < LENGTH_PREFIX) throw new LarqlError(LARQL_ERRORS.emptyShard);
  try {
    return headerOfFile(shard).tensors.map((tensor) => ({ ...tensor, shard }));
  } catch (error) {
    if (error instanceof SwpError) throw new LarqlError(LARQL_ERRORS.truncatedShard);
    throw error;
  }
};

/** A source's tensors by key, without the prefixes of their architecture. Tensors that larql cannot read are absent, without a message. */
export class Tensors {
  private readonly stored = new Map<string, Stored>();
  private readonly files: readonly string[];

  constructor(
    directory: string,
    private readonly skips: readonly string[],
  ) {
    this.files = weightFiles(directory);
  }

  get shards(): number {
    return this.files.length;
  }

  open(prefixes: readonly string[]): void {
    for (const tensor of this.files.flatMap((file) => openShard(file))) {
      const prefix = prefixes.find((candidate) => tensor.name.startsWith(candidate)) ?? '';
      this.stored.set(tensor.name.slice(prefix.length), tensor);
    }
  }

  matrix(key: string): Matrix | null {
    const values = this.read(key, 2);
    const [rows = 0, columns = 0] = this.stored.get(key)?.shape ?? [];
    return values === null ? null : { values, rows, columns };
  }

  vector(key: string): Float32Array | null {
    return this.read(key, 1);
  }

  /** Returns the numbers of a BF16 tensor with all experts of a layer; null for other dtypes. */
  packed(key: string): Float32Array | null {
    const tensor = this.stored.get(key);
    return tensor?.dtype === 'BF16' ? this.read(key, tensor.shape.length) : null;
  }

  private read(key: string, rank: number): Float32Array | null {
    const tensor = this.stored.get(key);
    const decoder = tensor === undefined ? undefined : decoders[tensor.dtype];
    if (tensor === undefined || decoder === undefined || tensor.shape.length !== rank) return null;
    if (this.skips.some((end) => key.endsWith(end))) return null;
    const view = new DataView(tensor.shard.buffer, tensor.shard.byteOffset + tensor.begin, tensor.end - tensor.begin);
    return Float32Array.from({ length: view.byteLength / decoder.bytes }, (_, at) => decoder.read(view, at * decoder.bytes));
  }
}

/** Panics on a NaN: larql can sort only numbers that compare. */
export const refuseNaN = (values: Float32Array): void => {
  if (values.some((value) => Number.isNaN(value)))
    throw new Panic('called `Option::unwrap()` on a `None` value', 'crates/larql-vindex/src/extract/streaming/stages/down_meta.rs:187:91');
};
