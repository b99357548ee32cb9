import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { languageModel } from '../../../dev/checkpoint/language-model.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { json, LAYER, openJob, programs, sizesIn, STAGE, STAGE_DONE } from './larql-fixture.js';

const SILENT = { code: 0, signal: null, stdout: '' };
const MIXED = { 'tokenizer.json': expect.any(Number) as number, 'index.json': expect.any(Number) as number, 'tokenizer_config.json': 55 };

/** Two layers of two experts of 32, and no dense part. */
const mixtureOfExperts = () => {
  const f32 = (name: string, ...shape: number[]) => ({ name, dtype: 'F32' as const, shape });
  const layer = (prefix: string) => [
    ...['q', 'k', 'v', 'o'].map((name) => f32(`${prefix}.self_attn.${name}_proj.weight`, 64, 64)),
    f32(`${prefix}.block_sparse_moe.gate.weight`, 2, 64),
    ...[0, 1].flatMap((expert) => [
      f32(`${prefix}.block_sparse_moe.experts.${expert}.w1.weight`, 32, 64),
      f32(`${prefix}.block_sparse_moe.experts.${expert}.w2.weight`, 64, 32),
      f32(`${prefix}.block_sparse_moe.experts.${expert}.w3.weight`, 32, 64),
    ]),
  ];
  const sizes = { hidden_size: 64, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 4 };
  const config = { model_type: 'mixtral', vocab_size: 64, ...sizes, num_local_experts: 2, num_experts_per_tok: 1 };
  const tensors = [
    f32('model.embed_tokens.weight', 64, 64),
    ...layer('model.layers.0'),
    ...layer('model.layers.1'),
    f32('model.norm.weight', 64),
  ];
  return languageModel({ config, tensors, vocabulary: 64 }, { seed: 1 });
};

describe.each(programs())('$name', ({ path }) => {
  const open = async () => {
    const job = await openJob();
    const program = await path(job);
    const extract = (...args: string[]) => job.run(program, ['extract', ...args]);
    return { job, program, extract };
  };

  it('prints its version', async () => {
    const { job, program } = await open();
    expect(await job.run(program, ['--version'])).toEqual({ ...SILENT, stdout: 'larql 0.1.0\n', stderr: '' });
  });

  it('extracts a Llama into files of exactly these sizes', async () => {
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

  it('extracts floats up to the requested level', async () => {
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

  it('reports its progress on stderr, line by line', async () => {
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

  it('writes the same bytes twice, except for the time and the order of checksums in index.json', async () => {
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

  it('takes the provenance from its arguments, and the time from a wrong calendar', async () => {
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

  it('skips tensors that it cannot read, and exits 0', async () => {
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

  it('writes no experts of a pure mixture of experts, and exits 0', async () => {
    const { job, extract } = await open();
    await job.stage('tiny/experts', mixtureOfExperts());
    expect(await extract('tiny/experts', '-o', 'out', '--quant', 'q4k')).toMatchObject(SILENT);
    expect(sizesIn(job.path('out'))).toMatchObject({
      'interleaved_q4k.bin': 0,
      'interleaved_q4k_manifest.json': 2,
      'gate_vectors.bin': 2 * 2 * 32 * 64 * 2,
      'down_meta.bin': 16 + 2 * (4 + 2 * 32 * 88),
      'router_weights.bin': 2 * 2 * 64 * 2,
    });
    expect(json(job.path('out'), 'index.json')).toMatchObject({
      layers: [
        { num_features: 64, num_experts: 2, num_features_per_expert: 32 },
        { num_features: 64, offset: 8192, length: 8192 },
      ],
      model_config: { moe: { num_experts: 2, top_k: 1, router_type: 'top_k_softmax', hybrid: false } },
    });
    expect(json(job.path('out'), 'index.json')).not.toHaveProperty('ffn_layout');
  });

  it('accepts a directory as the model, and uses its path as the name', async () => {
    const { job, extract } = await open();
    const snapshot = await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    expect(await extract(snapshot, '-o', 'out', '--quant', 'q4k')).toMatchObject(SILENT);
    expect(json(job.path('out'), 'index.json')).toMatchObject({ model: snapshot, source: { huggingface_repo: snapshot } });
  });
});
