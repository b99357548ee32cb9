import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { LARQL_ERRORS, setBehaviour, type BehaviourInput } from '../../../dev/larql/behaviour.js';
import { installStandIn } from '../../../dev/larql/install.js';
import { json, openJob, sizesIn } from './larql-fixture.js';

const open = async (behaviour: BehaviourInput, checkpoint = generateLlama({ seed: 1 })) => {
  const job = await openJob();
  const program = await job.standIn(behaviour);
  await job.stage('tiny/model', checkpoint);
  const args = ['extract', 'tiny/model', '-o', 'out', '--quant', 'q4k'];
  return { job, program, args, extract: () => job.run(program, args), start: () => job.start(program, args) };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a stand-in with a configured behaviour', () => {
  it('fails with a full disk in the middle of its weights, and leaves an index without them', async () => {
    const at = { step: 'model_weights_q4k', layer: 0 } as const;
    const { job, extract } = await open({ failure: { kind: 'error', at, message: LARQL_ERRORS.diskFull } });
    const { code, stderr } = await extract();
    expect(code).toBe(1);
    expect(stderr).toMatch(/\n── model_weights_q4k ──\nError: IO error: No space left on device \(os error 28\)\n$/);
    expect(json(job.path('out'), 'index.json')).toMatchObject({ has_model_weights: false, checksums: null });
    expect(sizesIn(job.path('out'))).toMatchObject({
      'attn_weights_q4k.bin': 29_760,
      '.extract_checkpoint.json': expect.any(Number) as number,
    });
  });

  it('resumes an interrupted run, even with other options', async () => {
    const { job, program, args } = await open({ failure: { kind: 'error', at: { step: 'tokenizer' }, message: LARQL_ERRORS.diskFull } });
    expect(await job.run(program, ['extract', 'tiny/model', '-o', 'out'])).toMatchObject({ code: 1 });
    await setBehaviour(job.path('bin'), {});
    const { code, stderr } = await job.run(program, args);
    expect(code).toBe(0);
    expect(stderr).toContain('\n  Resuming from checkpoint at out/.extract_checkpoint.json — phases already complete: [Gate, DownMeta]\n');
    expect(stderr).toContain('\n  Skipping gate phase (2 layer infos restored from checkpoint; reusing existing gate_vectors.bin)\n');
    expect(stderr).toContain('\n  Skipping down_meta phase (reusing existing down_meta.bin)\n');
    expect(sizesIn(job.path('out'))).not.toHaveProperty('.extract_checkpoint.json');
  });

  it('starts again over the checkpoint of another model', async () => {
    const { job, program, args } = await open({ failure: { kind: 'error', at: { step: 'tokenizer' }, message: LARQL_ERRORS.diskFull } });
    await job.run(program, args);
    await setBehaviour(job.path('bin'), {});
    await job.stage('tiny/other', generateLlama({ seed: 2 }));
    const { code, stderr } = await job.run(program, ['extract', 'tiny/other', ...args.slice(2)]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      '\n  Checkpoint at out/.extract_checkpoint.json is incompatible with this run (different model / layer count) — discarding\n',
    );
  });

  it('panics with exit 101', async () => {
    const { extract } = await open({ failure: { kind: 'panic', at: { step: 'down_meta', layer: 1 } } });
    const { code, stderr } = await extract();
    expect(code).toBe(101);
    expect(stderr).toMatch(/\n {2}down L 0: \d+\.\ds\n\nthread 'main' \(\d+\) panicked at crates\/\S+:\n/);
  });

  it('is killed without a message, as when memory runs out', async () => {
    const { job, extract } = await open({ failure: { kind: 'killed', at: { step: 'down_meta', layer: 0 } } });
    const { code, signal, stderr } = await extract();
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    expect(stderr).not.toContain('Error');
    expect(sizesIn(job.path('out'))).toHaveProperty('.extract_checkpoint.json');
  });

  it.each([
    { at: { step: 'embeddings' } as const, expectedStderr: '── embeddings ──\n' },
    { at: { step: 'checksums' } as const, expectedStderr: /\n {2}model_weights_q4k: \d+\.\ds\n$/ },
  ])('hangs at $at.step, until SIGTERM ends it', async ({ at, expectedStderr }) => {
    const { start } = await open({ failure: { kind: 'hang', at } });
    const running = start();
    await vi.waitUntil(
      () => (typeof expectedStderr === 'string' ? running.stderr().endsWith(expectedStderr) : expectedStderr.test(running.stderr())),
      {
        timeout: 20_000,
      },
    );
    running.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('ignores SIGTERM, but not SIGKILL', async () => {
    const { start } = await open({ ignoresSigterm: true, failure: { kind: 'hang', at: { step: 'loading' } } });
    const running = start();
    await vi.waitUntil(() => running.stderr().endsWith('── loading ──\n'), { timeout: 20_000 });
    running.kill('SIGTERM');
    running.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  it('leaves a child in its process group that outlives it', async () => {
    const { job, extract } = await open({ leavesChild: true });
    expect(await extract()).toMatchObject({ code: 0 });
    const child = Number(await readFile(job.path('bin', 'child.pid'), 'utf8'));
    onTestFinished(() => void process.kill(child, 'SIGKILL'));
    expect(isAlive(child)).toBe(true);
  });

  it('delays every layer', async () => {
    const { extract } = await open({ layerMs: 120 });
    const since = performance.now();
    const { code, stderr } = await extract();
    expect(code).toBe(0);
    expect(Number(/\n {2}down L 1: (\d+\.\d)s\n/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(0.1);
    expect(performance.now() - since).toBeGreaterThan(8 * 119);
  });

  it('skips tensors that it could read, and exits 0', async () => {
    const { job, extract } = await open({ skips: ['experts.down_proj'] }, generateGemma4({ seed: 1 }));
    expect(await extract()).toMatchObject({ code: 0 });
    expect(Object.keys(sizesIn(job.path('out'))).filter((name) => name.startsWith('layers'))).toEqual([]);
    expect(json(job.path('out'), 'index.json')).toMatchObject({ ffn_layout: 'per_layer' });
  });

  it('fails before any output, with the configured message', async () => {
    const message = LARQL_ERRORS.notCached('tiny/model');
    const { job, extract } = await open({ failure: { kind: 'error', at: { step: 'start' }, message } });
    expect(await extract()).toMatchObject({ code: 1, stderr: `Error: ${message}\n` });
    expect(existsSync(job.path('out'))).toBe(false);
  });

  it('fails only once on request', async () => {
    const { extract } = await open({ failure: { kind: 'killed', at: { step: 'model_weights_q4k' }, once: true } });
    expect(await extract()).toMatchObject({ signal: 'SIGKILL' });
    expect(await extract()).toMatchObject({ code: 0 });
  });

  it('is silent for a while after the weights, and then succeeds', async () => {
    const { extract } = await open({ silentMs: 300 });
    const { code, stderr } = await extract();
    expect(code).toBe(0);
    expect(stderr).toMatch(/\n {2}Build time: (?!0\.[012])\d+\.\ds\n/);
  });

  it('fails in a slice', async () => {
    const { job, program, extract } = await open({
      failure: { kind: 'error', at: { command: 'slice', step: 'start' }, message: LARQL_ERRORS.diskFull },
    });
    expect(await extract()).toMatchObject({ code: 0 });
    expect(await job.run(program, ['slice', 'out', '-o', 'sliced', '--preset', 'all'])).toMatchObject({
      code: 1,
      stderr: `Error: ${LARQL_ERRORS.diskFull}\n`,
    });
  });

  it('can lack quantisation', async () => {
    const { extract } = await open({ quantises: false });
    expect(await extract()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("invalid value 'q4k' for '--quant <QUANT>': unknown quant format: q4k (expected: none)") as string,
    });
  });

  it('can lack expert servers', async () => {
    const { job, program, extract } = await open({ expertServer: false });
    await extract();
    const { code, stderr } = await job.run(program, ['slice', 'out', '-o', 'sliced', '--preset', 'expert-server']);
    expect(code).toBe(1);
    expect(stderr).toBe("Error: unknown preset 'expert-server'. Expected: client, attn, embed, server, browse, router, all\n");
  });

  it('names its files as later larqls do', async () => {
    const { job, program } = await open({ names: 'kquant' });
    expect(await job.run(program, ['extract', 'tiny/model', '-o', 'out', '--quant', 'kquant'])).toMatchObject({ code: 0 });
    const names = Object.keys(sizesIn(job.path('out')));
    expect(names).toEqual(
      expect.arrayContaining([
        'attn_weights_kquant.bin',
        'attn_weights_kquant_manifest.json',
        'interleaved_kquant.bin',
        'interleaved_kquant_manifest.json',
        'lm_head_kquant.bin',
      ]),
    );
    expect(names.filter((name) => /q4/.test(name))).toEqual([]);
  });

  it('refuses an unknown behaviour', async () => {
    const job = await openJob();
    await expect(installStandIn(job.path('bin'), { blocks: 'new' as 'ggml' })).rejects.toThrow('blocks');
  });
});
