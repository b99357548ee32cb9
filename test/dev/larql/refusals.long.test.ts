import { existsSync } from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { json, openJob, programs } from './larql-fixture.js';

describe.each(programs())('$name', ({ path }) => {
  const open = async () => {
    const job = await openJob();
    const program = await path(job);
    const extract = (...args: string[]) => job.run(program, ['extract', ...args]);
    return { job, program, extract };
  };

  it.each([
    { level: 'inference', surface: 'extract pipeline', output: false },
    { level: 'browse', surface: 'q4k weight writer', output: true },
  ])('refuses the attention of DeepSeek at level $level', async ({ level, surface, output }) => {
    const { job, extract } = await open();
    const snapshot = await job.stage('tiny/deep', generateLlama({ seed: 1 }));
    const config = { ...json(snapshot, 'config.json'), model_type: 'deepseek_v3', kv_lora_rank: 16 };
    await writeFile(`${snapshot}/config.json`, JSON.stringify(config));
    const { code, stderr } = await extract('tiny/deep', '-o', 'out', '--quant', 'q4k', '--level', level);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(
      `Error: unsupported architecture 'deepseek' for ${surface}: multi-head latent attention (MLA) is not implemented`,
    );
    expect(existsSync(job.path('out'))).toBe(output);
  });

  it('panics when its stderr is closed', async () => {
    const { job, program } = await open();
    await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    const running = job.start(program, ['extract', 'tiny/llama', '-o', 'out', '--quant', 'q4k']);
    running.closeStderr();
    expect(await running.ended).toMatchObject({ code: 101, signal: null });
  });

  it('treats a GGUF file as a model without a tokenizer', async () => {
    const { job, extract } = await open();
    await writeFile(job.path('model.gguf'), 'GGUF');
    const { code, stderr } = await extract('model.gguf', '-o', 'out', '--quant', 'q4k');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\nError: tokenizer\.json not found at model\.gguf\n$/);
  });

  it('refuses a model that is not cached, and makes no directory', async () => {
    const { job, extract } = await open();
    expect(await extract('tiny/none', '-o', 'out', '--quant', 'q4k')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Error: not a directory: tiny/none\n',
    });
    expect(existsSync(job.path('out'))).toBe(false);
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
  ])('fails on a broken source with $says', async ({ change, says }) => {
    const { job, extract } = await open();
    await change(await job.stage('tiny/llama', generateLlama({ seed: 1 })));
    const { code, stdout, stderr } = await extract('tiny/llama', '-o', 'out', '--quant', 'q4k');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const last = stderr.trimEnd().split('\n').at(-1)?.replace('Error: ', '');
    if (typeof says === 'string') expect(last).toBe(says);
    else expect(last).toMatch(says);
  });

  it('panics on weights that are not numbers', async () => {
    const { job, extract } = await open();
    const checkpoint = generateLlama({ seed: 1 });
    const weights = checkpoint.files.get('model.safetensors')!;
    weights.fill(0xff, 8 + new DataView(weights.buffer).getUint32(0, true));
    await job.stage('tiny/llama', checkpoint);
    const { code, stderr } = await extract('tiny/llama', '-o', 'out', '--quant', 'q4k');
    expect(code).toBe(101);
    expect(stderr).toMatch(/\nthread 'main' \(\d+\) panicked at crates\/\S+\/down_meta\.rs:\d+:\d+:\n/);
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
      args: [],
      says: "error: the following required arguments were not provided:\n  --output <OUTPUT>\n\nUsage: larql extract --output <OUTPUT> [MODEL]\n\nFor more information, try '--help'.\n",
    },
    {
      args: ['m', '-o', 'out', '--revision', 'main'],
      says: "error: unexpected argument '--revision' found\n\n  tip: to pass '--revision' as a value, use '-- --revision'\n\nUsage: larql extract --output <OUTPUT> <MODEL>\n\nFor more information, try '--help'.\n",
    },
    {
      args: ['m', '-o', 'out', '-r', 'main'],
      says: "error: unexpected argument '-r' found\n\n  tip: to pass '-r' as a value, use '-- -r'\n\nUsage: larql extract [OPTIONS] --output <OUTPUT> [MODEL]\n\nFor more information, try '--help'.\n",
    },
    {
      args: ['m', 'n', '-o', 'out'],
      says: "error: unexpected argument 'n' found\n\nUsage: larql extract [OPTIONS] --output <OUTPUT> [MODEL]\n\nFor more information, try '--help'.\n",
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
