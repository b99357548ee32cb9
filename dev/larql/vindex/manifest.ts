import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFloats, type OutputFile } from './extraction.js';

/** An entry of `weight_manifest.json`, with its members in larql's order. */
export interface WeightEntry {
  readonly key: string;
  readonly kind: 'tensor' | 'vector' | 'tensor_q4k';
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
  readonly file: string;
}

/** Appends numbers to a file and returns their entry. */
export const appendFloats = (
  file: OutputFile,
  dtype: 'f16' | 'f32',
  { key, kind, shape, values }: Pick<WeightEntry, 'key' | 'kind' | 'shape'> & { readonly values: Float32Array },
): WeightEntry => ({ key, kind, shape, ...file.append(encodeFloats(values, dtype)), file: file.name });

export const writeManifest = (directory: string, name: string, entries: readonly object[]): void =>
  writeFileSync(join(directory, name), JSON.stringify(entries, null, 2));
