import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LARQL_ERRORS, type BehaviourInput } from '../../../dev/larql/behaviour.js';
import { installStandIn } from '../../../dev/larql/install.js';
import { RECORDED_MODELS } from '../../../dev/larql/models.js';
import { STAND_IN_MARKER } from '../../../larql/stand-in.js';
import { json, openJob, sizesIn } from './larql-fixture.js';

const open = async (behaviour: BehaviourInput = {}) => {
  const job = await openJob();
  const program = await job.standIn(behaviour);
  await job.stage('tiny/model', RECORDED_MODELS['llama']!());
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

describe('a stand-in for larql', () => {
  it.each(['extract', 'slice'])('is distinguished from larql by the help of %s', async (command) => {
    const { job, program } = await open();
    const { code, stdout } = await job.run(program, [command, '--help']);
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, STAND_IN_MARKER]);
  });

  it('is the same program in every installation, and is not named larql', async () => {
    const [one, two] = await Promise.all([openJob(), openJob()]);
    const launcher = await one.standIn();
    expect(basename(launcher)).toBe('larql-stand-in');
    expect(await readFile(launcher, 'utf8')).toContain(STAND_IN_MARKER);
    expect(await readFile(launcher, 'utf8')).toBe(await readFile(await two.standIn({ layerMs: 1 }), 'utf8'));
  });

  it('announces itself at the start of an extraction on request', async () => {
    const { extract } = await open({ announces: true });
    expect((await extract()).stderr.split('\n')[0]).toBe(STAND_IN_MARKER);
  });

  it('fails on weights without a recording', async () => {
    const { job, extract } = await open();
    const other = new Map(RECORDED_MODELS['llama']!());
    const weights = other.get('model.safetensors')!;
    weights[weights.byteLength - 1] = 0;
    await job.stage('tiny/model', other);
    expect(await extract()).toMatchObject({ code: 1, stderr: expect.stringContaining('has no recording') as string });
  });

  it('refuses an unknown behaviour', async () => {
    const job = await openJob();
    await expect(installStandIn(job.path('bin'), { blocks: 'new' as 'ggml' })).rejects.toThrow('blocks');
  });
});

describe('a configured fault', () => {
  it('fills the disk in the middle of the weights, and leaves an index without them', async () => {
    const at = { step: 'model_weights_q4k', layer: 0 } as const;
    const { job, extract } = await open({ failure: { kind: 'error', at, message: LARQL_ERRORS.diskFull } });
    const { code, stderr } = await extract();
    expect(code).toBe(1);
    expect(stderr).toMatch(/\n── model_weights_q4k ──\nError: IO error: No space left on device \(os error 28\)\n$/);
    expect(json(job.path('out'), 'index.json')).toMatchObject({ has_model_weights: false, checksums: null });
    expect(sizesIn(job.path('out'))).toMatchObject({ 'attn_weights_q4k.bin': 119_040, '.extract_checkpoint.json': 2 });
  });

  it('panics with exit 101', async () => {
    const { extract } = await open({ failure: { kind: 'panic', at: { step: 'down_meta', layer: 1 } } });
    const { code, stderr } = await extract();
    expect(code).toBe(101);
    expect(stderr).toMatch(/\n {2}down L 0: \d+\.\ds\n\nthread 'main' \(\d+\) panicked at crates\/\S+:\n/);
  });

  it('kills the program without a message, as when memory runs out', async () => {
    const { extract } = await open({ failure: { kind: 'killed', at: { step: 'down_meta', layer: 0 } } });
    const { code, signal, stderr } = await extract();
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    expect(stderr).not.toContain('Error');
  });

  it.each([
    { step: 'embeddings', lastLine: /\n── embeddings ──\n$/ },
    { step: 'checksums', lastLine: /\n {2}model_weights_q4k: \d+\.\ds\n$/ },
  ] as const)('hangs at $step, until SIGTERM ends it', async ({ step, lastLine }) => {
    const { start } = await open({ failure: { kind: 'hang', at: { step } } });
    const running = start();
    await vi.waitUntil(() => lastLine.test(running.stderr()), { timeout: 20_000 });
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

  it('happens before any output, with the configured message', async () => {
    const message = LARQL_ERRORS.notCached('tiny/model');
    const { job, extract } = await open({ failure: { kind: 'error', at: { step: 'start' }, message } });
    expect(await extract()).toMatchObject({ code: 1, stderr: `Error: ${message}\n` });
    expect(existsSync(job.path('out'))).toBe(false);
  });

  it('happens only once on request', async () => {
    const { extract } = await open({ failure: { kind: 'killed', at: { step: 'model_weights_q4k' }, once: true } });
    expect(await extract()).toMatchObject({ signal: 'SIGKILL' });
    expect(await extract()).toMatchObject({ code: 0 });
  });

  it('happens in a slice', async () => {
    const { job, program, extract } = await open({
      failure: { kind: 'error', at: { command: 'slice', step: 'start' }, message: LARQL_ERRORS.diskFull },
    });
    expect(await extract()).toMatchObject({ code: 0 });
    expect(await job.run(program, ['slice', 'out', '-o', 'sliced', '--preset', 'expert-server'])).toMatchObject({
      code: 1,
      stderr: `Error: ${LARQL_ERRORS.diskFull}\n`,
    });
  });
});

describe('a configured version', () => {
  it('can lack quantisation', async () => {
    const { extract } = await open({ quantises: false });
    expect(await extract()).toMatchObject({ code: 2, stderr: expect.stringContaining('(expected: none)') as string });
  });

  it('can lack expert servers', async () => {
    const { job, program, extract } = await open({ expertServer: false });
    await extract();
    const sliced = await job.run(program, ['slice', 'out', '-o', 'sliced', '--preset', 'expert-server']);
    expect(sliced).toMatchObject({ code: 1, stderr: "Error: unknown preset 'expert-server'\n" });
  });

  it('names its files as later larqls do', async () => {
    const { job, program } = await open({ names: 'kquant' });
    expect(await job.run(program, ['extract', 'tiny/model', '-o', 'out', '--quant', 'kquant'])).toMatchObject({ code: 0 });
    const names = Object.keys(sizesIn(job.path('out')));
    expect(names).toEqual(expect.arrayContaining(['attn_weights_kquant.bin', 'interleaved_kquant_manifest.json', 'lm_head_kquant.bin']));
    expect(names.filter((name) => /q4/.test(name))).toEqual([]);
  });

  it('skips tensors that it could read, and exits 0', async () => {
    const { job, extract } = await open({ skips: ['layers.1.mlp.down_proj.weight'] });
    expect(await extract()).toMatchObject({ code: 0 });
    const keys = (json(job.path('out'), 'interleaved_q4k_manifest.json') as unknown as { key: string }[]).map(({ key }) => key);
    expect([keys.length, keys.filter((key) => key.includes('down_proj'))]).toEqual([5, ['layers.0.mlp.down_proj.weight']]);
  });
});

describe('a configured delay', () => {
  it('delays every layer, and the silent time after the weights', async () => {
    const { extract } = await open({ layerMs: 60, silentMs: 200 });
    const since = performance.now();
    expect(await extract()).toMatchObject({ code: 0 });
    expect(performance.now() - since).toBeGreaterThan(8 * 59 + 199);
  });
});
