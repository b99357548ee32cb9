import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import type { SyntheticCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { headerOfFile, type TensorInfo } from '../../../formats/safetensors/header.js';

const digests = ({ files }: SyntheticCheckpoint) =>
  new Map([...files].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]));

const weights = ({ files }: SyntheticCheckpoint) =>
  [...files].filter(([path]) => path.endsWith('.safetensors')).map(([, bytes]) => ({ bytes, tensors: headerOfFile(bytes).tensors }));

const read = (bytes: Uint8Array, { begin, end }: TensorInfo): Float32Array => new Float32Array(bytes.slice(begin, end).buffer);

describe.each([
  { name: 'Llama', generate: generateLlama, dtype: 'F32' },
  { name: 'Gemma 4', generate: generateGemma4, dtype: 'BF16' },
])('the tiny $name', ({ generate, dtype }) => {
  it('is the same for the same seed, and differs for another', () => {
    expect(digests(generate({ seed: 1 }))).toEqual(digests(generate({ seed: 1 })));
    const [first, second] = [1, 2].map((seed) => digests(generate({ seed })));
    expect(first?.get('model.safetensors')).not.toBe(second?.get('model.safetensors'));
  });

  it('has the usual files of a repository', () => {
    expect([...generate({ seed: 1 }).files.keys()].toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
  });

  it('has one dtype, unless another is requested', () => {
    const dtypes = (checkpoint: SyntheticCheckpoint) =>
      new Set(weights(checkpoint).flatMap(({ tensors }) => tensors.map((one) => one.dtype)));
    expect(dtypes(generate({ seed: 1 }))).toEqual(new Set([dtype]));
    const mixed = generate({ seed: 1, dtypeOf: (tensor) => (tensor.endsWith('down_proj.weight') ? 'F8_E4M3' : undefined) });
    expect(dtypes(mixed)).toEqual(new Set([dtype, 'F8_E4M3']));
  });

  it('is split into the requested number of files, with each tensor in one', () => {
    const names = weights(generate({ seed: 1, shards: 3 })).map(({ tensors }) => tensors.map((tensor) => tensor.name));
    expect(names).toHaveLength(3);
    expect(names.flat().toSorted()).toEqual(
      weights(generate({ seed: 1 }))
        .flatMap(({ tensors }) => tensors.map((tensor) => tensor.name))
        .toSorted(),
    );
  });
});

describe('the weights of the tiny Llama', () => {
  const [{ bytes, tensors } = { bytes: new Uint8Array(), tensors: [] }] = weights(generateLlama({ seed: 7 }));

  it('are small numbers around zero', () => {
    const values = read(
      bytes,
      tensors.find(({ name }) => name === 'model.embed_tokens.weight')!,
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(0.001);
    expect(deviation).toBeCloseTo(0.02, 3);
  });

  it('have norms around one', () => {
    const values = read(
      bytes,
      tensors.find(({ name }) => name === 'model.norm.weight')!,
    );
    expect(values.every((value) => value > 0.7 && value < 1.3)).toBe(true);
  });
});
