import { existsSync, readFileSync } from 'node:fs';
import { rm, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { RECORDED_MODELS } from '../../../dev/larql/models.js';
import { readRecording, VARYING_FILES } from '../../../dev/larql/recording.js';
import { DONE, LAYER, STAGE } from '../../../larql/parse-progress.js';
import { json, openJob, programs, sizesIn } from './larql-fixture.js';

const EXTRACT = ['extract', 'tiny/model', '--output', 'out', '--quant', 'q4k'];

describe.each(programs())('$name', ({ path }) => {
  const open = async (model = 'llama') => {
    const job = await openJob();
    const program = await path(job);
    const snapshot = await job.stage('tiny/model', RECORDED_MODELS[model]!());
    return { job, snapshot, run: (args: readonly string[]) => job.run(program, args), start: () => job.start(program, EXTRACT) };
  };

  it('prints its version', async () => {
    const { run } = await open();
    expect(await run(['--version'])).toEqual({ code: 0, signal: null, stdout: 'larql 0.1.0\n', stderr: '' });
  });

  it.each([
    ['llama', 'q4k'],
    ['llama', 'none'],
    ['gemma', 'q4k'],
  ])('writes the recorded bytes of %s at quant %s', async (model, quant) => {
    const { job, run } = await open(model);
    expect(await run([...EXTRACT.slice(0, -1), quant])).toMatchObject({ code: 0, signal: null, stdout: '' });
    const { files } = await readRecording(`${model}-${quant}`);
    expect(Object.keys(sizesIn(job.path('out'))).toSorted()).toEqual([...files.keys()].toSorted());
    for (const [name, bytes] of files)
      if (!VARYING_FILES.has(name)) expect([name, bytes.equals(readFileSync(job.path('out', name)))]).toEqual([name, true]);
    expect(json(job.path('out'), 'index.json')).toMatchObject({ model: 'tiny/model', source: { huggingface_repo: 'tiny/model' } });
  });

  it('reports its progress on stderr, line by line', async () => {
    const { run } = await open('gemma');
    const lines = (await run(EXTRACT)).stderr.split('\n');
    const matches = (form: RegExp) => lines.flatMap((line) => form.exec(line)?.slice(1, 3).join(' ') ?? []);
    const stages = ['loading', 'gate_vectors', 'router_weights', 'embeddings', 'down_meta', 'tokenizer', 'model_weights_q4k'];
    expect(matches(STAGE)).toEqual([...stages, 'Summary'].map((stage) => expect.stringContaining(stage) as string));
    expect(matches(LAYER)).toEqual(['gate 0', 'gate 1', 'down 0', 'down 1', 'attn_q4k 0', 'attn_q4k 1', 'ffn_q4k 0', 'ffn_q4k 1']);
    expect(matches(DONE).map((line) => line.split(' ')[0])).toEqual(stages);
  });

  it('copies an expert-server slice with its layers, and leaves the checksums stale', async () => {
    const { job, run } = await open('gemma');
    await run(EXTRACT);
    const slice = ['slice', 'out', '--output', 'sliced', '--preset', 'expert-server'];
    expect(await run([...slice, '--dry-run'])).toMatchObject({ code: 0 });
    expect(existsSync(job.path('sliced'))).toBe(false);
    expect(await run(slice)).toMatchObject({ code: 0, stderr: '' });
    expect(Object.keys(sizesIn(job.path('sliced'))).toSorted()).toEqual([
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
    const full = json(job.path('out'), 'index.json');
    expect(json(job.path('sliced'), 'index.json')).toEqual({ ...full, extract_level: 'browse', has_model_weights: true });
  });

  it('refuses a model that is not cached, and makes no directory', async () => {
    const { job, run } = await open();
    expect(await run(['extract', 'tiny/none', '--output', 'out', '--quant', 'q4k'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Error: not a directory: tiny/none\n',
    });
    expect(existsSync(job.path('out'))).toBe(false);
  });

  it.each([
    {
      change: (snapshot: string) => truncate(`${snapshot}/model.safetensors`, 100_000),
      message: 'Error: parse error: incomplete metadata, file not fully covered',
    },
    { change: (snapshot: string) => rm(`${snapshot}/tokenizer.json`), message: 'Error: tokenizer.json not found at ' },
  ])('fails on a broken source with: $message', async ({ change, message }) => {
    const { snapshot, run } = await open();
    await change(snapshot);
    const { code, stdout, stderr } = await run(EXTRACT);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(message);
  });

  it('refuses an unknown quantisation with exit 2', async () => {
    const { run } = await open();
    expect(await run([...EXTRACT.slice(0, -1), 'q4_k_m'])).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr:
        "error: invalid value 'q4_k_m' for '--quant <QUANT>': unknown quant format: q4_k_m (expected: none, q4k)\n\nFor more information, try '--help'.\n",
    });
  });

  it('panics when its stderr is closed', async () => {
    const { start } = await open();
    const running = start();
    running.closeStderr();
    expect(await running.ended).toMatchObject({ code: 101, signal: null });
  });
});
