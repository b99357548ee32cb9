import { rm, truncate, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { json, LAYER, openJob, programs, sizesIn, STAGE, STAGE_DONE } from './larqlFixture.js';

const SILENT = { code: 0, signal: null, stdout: '' };
const MIXED = { 'tokenizer.json': expect.any(Number) as number, 'index.json': expect.any(Number) as number, 'tokenizer_config.json': 55 };

describe.each(programs())('$name', ({ path }) => {
  const open = async () => {
    const job = await openJob();
    const program = await path(job);
    const extract = (...args: string[]) => job.run(program, ['extract', ...args]);
    return { job, program, extract };
  };

  it('says its version', async () => {
    const { job, program } = await open();
    expect(await job.run(program, ['--version'])).toEqual({ ...SILENT, stdout: 'larql 0.1.0\n', stderr: '' });
  });

  it('extracts a Llama into files of just these sizes', async () => {
    const { job, extract } = await open();
    await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    expect(await extract('tiny/llama', '-o', 'out', '--quant', 'q4k')).toMatchObject(SILENT);
    expect(sizesIn(job.path('out'))).toEqual({
      ...MIXED,
      'attn_weights_q4k.bin': 59_520,
      'attn_weights_q4k_manifest.json': 1277,
      'down_meta.bin': 22_552,
      'embeddings.bin': 8192,
      'gate_vectors.bin': 32_768,
      'interleaved_q4k.bin': 100_608,
      'interleaved_q4k_manifest.json': 946,
      'lm_head_q4.bin': 9216,
      'norms.bin': 1280,
      'weight_manifest.json': 1021,
    });
  });

  it('extracts a Gemma 4 hybrid with its experts, and without a tied head', async () => {
    const { job, extract } = await open();
    await job.stage('tiny/gemma', generateGemma4({ seed: 1 }));
    expect(await extract('tiny/gemma', '-o', 'out', '--quant', 'q4k')).toMatchObject(SILENT);
    expect(sizesIn(job.path('out'))).toEqual({
      ...MIXED,
      'attn_weights_q4k.bin': 114_816,
      'attn_weights_q4k_manifest.json': 1281,
      'down_meta.bin': 11_288,
      'embeddings.bin': 32_768,
      'gate_vectors.bin': 65_536,
      'interleaved_q4k.bin': 144_384,
      'interleaved_q4k_manifest.json': 939,
      'layers/layer_00.weights': 184_472,
      'layers/layer_01.weights': 184_472,
      'norms.bin': 13_312,
      'router_weights.bin': 4096,
      'weight_manifest.json': 1203,
    });
    expect(json(job.path('out'), 'index.json')).toMatchObject({ family: 'gemma4', ffn_layout: 'per_layer', quant: 'q4k' });
  });

  it('extracts floats as far as the level goes', async () => {
    const { job, extract } = await open();
    await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    expect(await extract('tiny/llama', '--output=out')).toMatchObject(SILENT);
    expect(sizesIn(job.path('out'))).toMatchObject({
      'attn_weights.bin': 49_152,
      'up_weights.bin': 32_768,
      'down_weights.bin': 32_768,
      'norms.bin': 640,
      'lm_head.bin': 8192,
      'weight_manifest.json': 3279,
    });
    expect(await extract('tiny/llama', '-o', 'attention', '--level', 'ATTN', '--f32')).toMatchObject(SILENT);
    expect(sizesIn(job.path('attention'))).toMatchObject({ 'attn_weights.bin': 98_304, 'embeddings.bin': 16_384, 'norms.bin': 1280 });
    expect(await extract('tiny/llama', '-o', 'browse', '--level', 'browse')).toMatchObject(SILENT);
    expect(Object.keys(sizesIn(job.path('browse'))).toSorted()).toEqual([
      'down_meta.bin',
      'embeddings.bin',
      'gate_vectors.bin',
      'index.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(json(job.path('browse'), 'index.json')).toMatchObject({ extract_level: 'browse', has_model_weights: false, quant: 'none' });
  });

  it('tells its progress on stderr, line by line', async () => {
    const { job, extract } = await open();
    const snapshot = await job.stage('tiny/gemma', generateGemma4({ seed: 1, shards: 3 }));
    const { stderr } = await extract('tiny/gemma', '-o', 'out', '--quant', 'Q4_K');
    const lines = stderr.split('\n');
    expect(lines[0]).toBe(`Extracting: ${snapshot} → out (level=inference, dtype=f16, quant=q4k)`);
    expect(lines.slice(1, 4)).toEqual(['', '── loading ──', "  Streaming mode: 3 safetensors shards (mmap'd, not loaded)"]);
    const stages = ['loading', 'gate_vectors', 'router_weights', 'embeddings', 'down_meta', 'tokenizer', 'model_weights_q4k'];
    expect(lines.flatMap((line) => STAGE.exec(line)?.[1] ?? [])).toEqual([...stages, 'Summary']);
    expect(lines.flatMap((line) => STAGE_DONE.exec(line)?.[1] ?? [])).toEqual(stages);
    const layers = lines.map((line) => LAYER.exec(line)).filter((match) => match !== null);
    expect(layers.map(([, component, layer]) => `${component} ${layer}`)).toEqual(
      ['gate', 'down', 'attn_q4k', 'ffn_q4k'].flatMap((component) => [`${component} 0`, `${component} 1`]),
    );
    expect(lines).toContain('    Whole-word vocab: 24 tokens (of 64)');
    expect(lines.slice(lines.indexOf('── Summary ──'))).toEqual([
      '── Summary ──',
      '  Output: out',
      expect.stringMatching(/^ {2}Build time: \d+\.\ds$/),
      '  index.json: 1.6 KB',
      '  gate_vectors.bin: 64.0 KB',
      '  embeddings.bin: 32.0 KB',
      '  down_meta.jsonl: (not found)',
      '  down_meta.bin: 11.0 KB',
      '  tokenizer.json: 1.5 KB',
      '  attn_weights.bin: (not found)',
      '  up_weights.bin: (not found)',
      '  down_weights.bin: (not found)',
      '  norms.bin: 13.0 KB',
      '  lm_head.bin: (not found)',
      '  weight_manifest.json: 1.2 KB',
      '  Total: 0.00 GB',
      '',
      'Usage:',
      '  larql walk --index out -p "The capital of France is"',
      '',
    ]);
  });

  it('writes the same bytes again, but for the time and the order of checksums in index.json', async () => {
    const { job, extract } = await open();
    await job.stage('tiny/gemma', generateGemma4({ seed: 3, allNorms: true }));
    for (const out of ['one', 'two']) expect(await extract('tiny/gemma', '-o', out, '--quant', 'q4k')).toMatchObject(SILENT);
    const names = Object.keys(sizesIn(job.path('one')));
    expect(names).toEqual(Object.keys(sizesIn(job.path('two'))));
    const differs = names.filter((name) => !readFileSync(job.path('one', name)).equals(readFileSync(job.path('two', name))));
    expect(differs.filter((name) => name !== 'index.json')).toEqual([]);
    const timeless = (out: string) => ({ ...json(job.path(out), 'index.json'), source: null });
    expect(timeless('one')).toEqual(timeless('two'));
  });

  it('takes the provenance from what it was asked for, and the time from a wrong calendar', async () => {
    const { job, extract } = await open();
    await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    await extract('tiny/llama', '-o', 'out', '--quant', 'q4k');
    const index = json(job.path('out'), 'index.json');
    expect(index).toMatchObject({
      model: 'tiny/llama',
      source: { huggingface_repo: 'tiny/llama', huggingface_revision: null, safetensors_sha256: null, larql_version: '0.1.0' },
    });
    const { extracted_at: time } = index['source'] as { extracted_at: string };
    expect(Date.parse(time) - Date.now()).toBeGreaterThan(10 * 86_400_000);
    expect(Object.keys(index['checksums'] as object).toSorted()).toEqual([
      'down_meta.bin',
      'embeddings.bin',
      'gate_vectors.bin',
      'norms.bin',
    ]);
  });

  it('skips what it cannot read, and exits 0', async () => {
    const { job, extract } = await open();
    await job.stage(
      'tiny/llama',
      generateLlama({ seed: 1, dtypeOf: (name) => (name.endsWith('down_proj.weight') ? 'F8_E4M3' : undefined) }),
    );
    expect(await extract('tiny/llama', '-o', 'out', '--quant', 'q4k')).toMatchObject(SILENT);
    expect(sizesIn(job.path('out'))).toMatchObject({ 'down_meta.bin': 24 });
    expect(readFileSync(job.path('out', 'interleaved_q4k_manifest.json'), 'utf8')).not.toContain('down_proj');
    expect(json(job.path('out'), 'index.json')).toMatchObject({ has_model_weights: true });
  });

  it('refuses a model that is not cached, and makes no directory', async () => {
    const { job, extract } = await open();
    expect(await extract('tiny/none', '-o', 'out', '--quant', 'q4k')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Error: not a directory: tiny/none\n',
    });
    expect(sizesIn(job.directory)).not.toHaveProperty('out');
  });

  it.each([
    {
      change: (snapshot: string) => truncate(`${snapshot}/model.safetensors`, 100_000),
      says: 'parse error: incomplete metadata, file not fully covered',
    },
    { change: (snapshot: string) => truncate(`${snapshot}/model.safetensors`, 0), says: 'parse error: header too small' },
    { change: (snapshot: string) => rm(`${snapshot}/tokenizer.json`), says: /^tokenizer\.json not found at \S+$/ },
    { change: (snapshot: string) => rm(`${snapshot}/config.json`), says: /^parse error: config\.json not found at "\S+" — / },
    {
      change: (snapshot: string) => writeFile(`${snapshot}/config.json`, '{"model_type": "llama", "hidden_size": 64}'),
      says: /^parse error: config\.json at "\S+" is missing required field\(s\): \["num_hidden_layers", "intermediate_size"\] \(checked under top level and `text_config`\)$/,
    },
  ])('ends a broken source with $says', async ({ change, says }) => {
    const { job, extract } = await open();
    await change(await job.stage('tiny/llama', generateLlama({ seed: 1 })));
    const { code, stdout, stderr } = await extract('tiny/llama', '-o', 'out', '--quant', 'q4k');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const last = stderr.trimEnd().split('\n').at(-1)?.replace('Error: ', '');
    if (typeof says === 'string') expect(last).toBe(says);
    else expect(last).toMatch(says);
  });

  it('panics on weights that are no numbers', async () => {
    const { job, extract } = await open();
    const checkpoint = generateLlama({ seed: 1 });
    const weights = checkpoint.files.get('model.safetensors')!;
    weights.fill(0xff, 8 + new DataView(weights.buffer).getUint32(0, true));
    await job.stage('tiny/llama', checkpoint);
    const { code, stderr } = await extract('tiny/llama', '-o', 'out', '--quant', 'q4k');
    expect(code).toBe(101);
    expect(stderr).toMatch(/\nthread 'main' .*panicked at crates\/\S+:\d+:\d+:\n/);
  });

  it.each([
    {
      args: ['m', '-o', 'out', '--quant', 'q4_k_m'],
      says: "error: invalid value 'q4_k_m' for '--quant <QUANT>': unknown quant format: q4_k_m (expected: none, q4k)\n\nFor more information, try '--help'.\n",
    },
    {
      args: ['m', '-o', 'out', '--level', 'half'],
      says: "error: invalid value 'half' for '--level <LEVEL>': unknown extract level: half (expected: browse, attention, inference, all)\n\nFor more information, try '--help'.\n",
    },
    {
      args: ['m'],
      says: "error: the following required arguments were not provided:\n  --output <OUTPUT>\n\nUsage: larql extract --output <OUTPUT> [MODEL]\n\nFor more information, try '--help'.\n",
    },
    {
      args: ['m', '-o', 'out', '--revision', 'main'],
      says: "error: unexpected argument '--revision' found\n\n  tip: to pass '--revision' as a value, use '-- --revision'\n\nUsage: larql extract --output <OUTPUT> [MODEL]\n\nFor more information, try '--help'.\n",
    },
  ])('refuses $args with exit 2', async ({ args, says }) => {
    const { extract } = await open();
    expect(await extract(...args)).toEqual({ code: 2, signal: null, stdout: '', stderr: says });
  });

  it.each(['--drop-gate-vectors', '--down-q4k', '--feature-major-down'])('refuses %s without quantisation', async (flag) => {
    const { job, extract } = await open();
    await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    const { code, stderr } = await extract('tiny/llama', '-o', 'out', flag);
    expect(code).toBe(1);
    expect(stderr).toContain(`Error: ${flag} requires --quant q4k`);
  });
});
