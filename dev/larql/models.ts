import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Files } from '../../core/machine.js';
import { headerOfFile } from '../../formats/safetensors/header.js';
import { tinyModel } from '../../larql/tiny-model.js';
import { generateGemma4 } from '../checkpoint/gemma4.js';
import { generateLlama } from '../checkpoint/llama.js';

/** Models with recordings, by the name of the recording: path → bytes. All widths are multiples of 256, which larql reads back as written. */
export const RECORDED_MODELS: Readonly<Record<string, () => ReadonlyMap<string, Uint8Array>>> = {
  probe: () => tinyModel(),
  llama: () => generateLlama({ seed: 1 }).files,
  'llama-2': () => generateLlama({ seed: 2 }).files,
  gemma: () => generateGemma4({ seed: 1 }).files,
};

/** Returns a digest of all tensors with their names, types and shapes, which does not depend on their distribution over files. */
export const weightsDigest = (files: readonly Uint8Array[]): string => {
  const tensors = files.flatMap((bytes) => headerOfFile(bytes).tensors.map((tensor) => ({ ...tensor, bytes })));
  const digest = createHash('sha256');
  for (const { name, dtype, shape, begin, end, bytes } of tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    digest.update(`${name} ${dtype} ${shape.join('x')}\n`).update(bytes.subarray(begin, end));
  return digest.digest('hex');
};

/** Returns the digest of the weights of a model: path → bytes. */
export const digestOfModel = (files: ReadonlyMap<string, Uint8Array>): string =>
  weightsDigest([...files].filter(([path]) => path.endsWith('.safetensors')).map(([, bytes]) => bytes));

/** Reads the weight files of a snapshot. */
export const readWeights = async (files: Files, directory: string): Promise<Buffer[]> => {
  const names = (await files.readdir(directory)).filter((name) => name.endsWith('.safetensors')).toSorted();
  return Promise.all(names.map((name) => files.readFile(join(directory, name))));
};
