import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { STAND_IN_MARKER } from '../../../larql/stand-in.js';
import { openJob } from './larql-fixture.js';

describe('the stand-in', () => {
  it.each(['extract', 'slice', 'publish'])('is distinguished from larql by the help of %s', async (command) => {
    const job = await openJob();
    const { code, stdout } = await job.run(await job.standIn(), [command, '--help']);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(STAND_IN_MARKER);
  });

  it('lists the options of extract in its help', async () => {
    const job = await openJob();
    const { stdout } = await job.run(await job.standIn(), ['extract', '--help']);
    for (const option of ['-o, --output <OUTPUT>', '--level <LEVEL>', '--resume']) expect(stdout).toContain(option);
  });

  it.each([
    { behaviour: {}, quants: 'none, q4k' },
    { behaviour: { names: 'kquant' as const }, quants: 'none, q4k, kquant' },
    { behaviour: { quantises: false }, quants: 'none' },
  ])('lists the quants $quants', async ({ behaviour, quants }) => {
    const job = await openJob();
    const { stdout } = await job.run(await job.standIn(behaviour), ['extract', '--help']);
    expect(stdout.split('\n')).toContain(`      --quant <QUANT>  ${quants}`);
  });

  it('is not named larql', async () => {
    const job = await openJob();
    const launcher = await job.standIn();
    expect(basename(launcher)).toBe('larql-stand-in');
    expect(await readFile(launcher, 'utf8')).toContain(STAND_IN_MARKER);
  });

  it('is the same program in every installation', async () => {
    const [one, two] = await Promise.all([openJob(), openJob()]);
    expect(await readFile(await one.standIn(), 'utf8')).toBe(await readFile(await two.standIn({ layerMs: 1 }), 'utf8'));
  });

  it('announces itself at the start of an extraction on request', async () => {
    const job = await openJob();
    await job.stage('tiny/llama', generateLlama({ seed: 1 }));
    const { stderr } = await job.run(await job.standIn({ announces: true }), ['extract', 'tiny/llama', '-o', 'out']);
    expect(stderr.split('\n')[0]).toBe(STAND_IN_MARKER);
  });
});
