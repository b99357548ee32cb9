import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { openJob, programs, sizesIn } from './larql-fixture.js';

/**
 * `index.json` contains the time. The scores in `down_meta.bin` are sums whose order depends on the BLAS, the processor and the number
 * of threads of larql, so that their last bits differ between machines.
 */
const VARYING = new Set(['index.json', 'down_meta.bin']);

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** One digest of all files that are the same on every machine. */
const digestOf = (directory: string): string =>
  sha256(
    Object.keys(sizesIn(directory))
      .filter((name) => !VARYING.has(name))
      .toSorted()
      .map((name) => `${name} ${sha256(readFileSync(`${directory}/${name}`))}\n`)
      .join(''),
  );

describe.each(programs())('$name', ({ path }) => {
  // The digests are those of larql c880fb79: when a checkpoint changes, make them again with it, never with the stand-in.
  it.each([
    {
      model: 'a Llama in blocks',
      checkpoint: () => generateLlama({ seed: 1 }),
      args: ['--quant', 'q4k'],
      digest: 'c892a098e6e6766758b5afd1da766f330896b76343c8dda9e7ab8593ec912584',
    },
    {
      model: 'a Llama in floats',
      checkpoint: () => generateLlama({ seed: 1 }),
      args: [],
      digest: '169b6893553216027c62535fabbdc2ecbd4563ce2322be51f62b99c1d94a3b6c',
    },
    {
      model: 'a Gemma 4 hybrid with all its norms in blocks',
      checkpoint: () => generateGemma4({ seed: 3, allNorms: true }),
      args: ['--quant', 'q4k'],
      digest: '424ca16e0f1cfd9534568efcff1dad6438fc477b086d5b690d1899856a23e66b',
    },
    {
      model: 'a Gemma 4 hybrid with all its norms in floats',
      checkpoint: () => generateGemma4({ seed: 3, allNorms: true }),
      args: [],
      digest: '37eb9cef0376316227a0e51df63f7035bd452bf3fc73637511b21a35a524390c',
    },
  ])('writes $model byte for byte as larql did', async ({ checkpoint, args, digest }) => {
    const job = await openJob();
    await job.stage('tiny/model', checkpoint());
    expect(await job.run(await path(job), ['extract', 'tiny/model', '-o', 'out', ...args])).toMatchObject({ code: 0 });
    expect(digestOf(job.path('out'))).toBe(digest);
  });
});
