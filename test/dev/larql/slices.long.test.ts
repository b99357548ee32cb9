import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import type { SyntheticCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { json, openJob, programs, sizesIn } from './larql-fixture.js';

describe.each(programs())('$name', ({ path }) => {
  const extracted = async (checkpoint: SyntheticCheckpoint) => {
    const job = await openJob();
    const program = await path(job);
    await job.stage('tiny/model', checkpoint);
    expect(await job.run(program, ['extract', 'tiny/model', '-o', 'full', '--quant', 'q4k'])).toMatchObject({ code: 0 });
    return {
      job,
      slice: (...args: string[]) => job.run(program, ['slice', 'full', ...args]),
      run: (...args: string[]) => job.run(program, args),
    };
  };

  it('makes an expert-server slice with its layers, and leaves the checksums stale', async () => {
    const { job, slice } = await extracted(generateGemma4({ seed: 1 }));
    const { code, stdout, stderr } = await slice('-o', 'experts', '--preset', 'expert-server');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(0, 8)).toEqual([
      'Source:         full',
      'Destination:    experts',
      'Preset:         expert-server',
      'Parts:          embed, norms, ffn, expert_layers, tokenizer, manifest',
      'Extract level:  inference → browse',
      'FFN weights:    present',
      '',
      expect.stringMatching(/^Copying 9 file\(s\) — \d+\.\d KB:$/),
    ]);
    expect(stdout).toContain(`\n  layers/layer_00.weights                  180.1 KB\n`);
    expect(stdout).toMatch(/\nWrote experts — \d+\.\d KB\n$/);
    expect(Object.keys(sizesIn(job.path('experts'))).toSorted()).toEqual([
      'embeddings.bin',
      'index.json',
      'interleaved_q4k.bin',
      'interleaved_q4k_manifest.json',
      'layers/layer_00.weights',
      'layers/layer_01.weights',
      'norms.bin',
      'tokenizer.json',
      'weight_manifest.json',
    ]);
    const [full, sliced] = ['full', 'experts'].map((name) => json(job.path(name), 'index.json'));
    expect(sliced).toEqual({ ...full, extract_level: 'browse', has_model_weights: true });
    expect(sliced?.['checksums']).toHaveProperty('gate_vectors.bin');
  });

  it('writes the index of a slice unchanged, and leaves out an unknown file', async () => {
    const { job, slice } = await extracted(generateGemma4({ seed: 1 }));
    await slice('-o', 'all', '--preset', 'all');
    const lines = (name: string) => readFileSync(job.path(name, 'index.json'), 'utf8').split('\n');
    const unsorted = (name: string) => lines(name).filter((line) => !/\.bin"/.test(line));
    expect(unsorted('all')).toEqual(unsorted('full'));
    expect(Object.keys(sizesIn(job.path('all')))).not.toContain('tokenizer_config.json');
  });

  it('makes an expert-server slice without experts from a dense model, without a warning', async () => {
    const { job, slice } = await extracted(generateLlama({ seed: 1 }));
    expect(await slice('-o', 'experts', '--preset', 'moe-server')).toMatchObject({ code: 0, stderr: '' });
    expect(Object.keys(sizesIn(job.path('experts'))).filter((name) => name.startsWith('layers'))).toEqual([]);
  });

  it.each([
    { args: ['-o', 'full', '--preset', 'all'], says: 'output path exists: full (pass --force to overwrite)' },
    {
      args: ['-o', 'out', '--preset', 'half'],
      says: "unknown preset 'half'. Expected: client, attn, embed, server, browse, router, expert-server, all",
    },
    { args: ['-o', 'out', '--parts', 'half'], says: "unknown part 'half'. Run `larql slice --help` for valid names." },
    { args: ['-o', 'out'], says: 'no parts selected. Pass `--parts a,b,c` or `--preset client|server|browse|router`.' },
  ])('refuses to slice with $args', async ({ args, says }) => {
    const { slice } = await extracted(generateLlama({ seed: 1 }));
    expect(await slice(...args)).toEqual({ code: 1, signal: null, stdout: '', stderr: `Error: ${says}\n` });
  });

  it('shows a preview and writes nothing', async () => {
    const { job, slice } = await extracted(generateLlama({ seed: 1 }));
    const { code, stdout } = await slice('-o', 'out', '--preset', 'client', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n\nSkipping 6 file\(s\):\n {2}down_meta\.bin\n[^]*\n\n\(dry run — no files written\)\n$/);
    expect(Object.keys(sizesIn(job.path('.'))).filter((name) => name.startsWith('out'))).toEqual([]);
  });

  it('shows the slices that it knows in a dry run of publish', async () => {
    const { run } = await extracted(generateLlama({ seed: 1 }));
    const probe = (slices: string) => run('publish', 'full', '--repo', 'a/b', '--slices', slices, '--collections', 'none', '--dry-run');
    expect(await probe('expert-server')).toEqual({
      code: 0,
      signal: null,
      stdout:
        'Source:    full\nUpload plan (2 step(s)):\n  full    → a/b\n  expert-server → a/b-expert-server\n\n(dry run — no repos created, no files uploaded)\n',
      stderr: '',
    });
    const { code, stderr } = await probe('half');
    expect(code).toBe(1);
    expect(stderr).toContain("Error: invalid slice preset 'half': unknown preset 'half'.");
  });
});
