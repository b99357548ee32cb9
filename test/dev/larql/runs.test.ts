import { describe, expect, it, vi } from 'vitest';
import { setBehaviour } from '../../../dev/larql/behaviour.js';
import { RECORDED_MODELS } from '../../../dev/larql/models.js';
import { readRuns } from '../../../dev/larql/runs.js';
import { openJob } from './larql-fixture.js';

describe('the record of runs', () => {
  it('has the arguments and the environment of each run', async () => {
    const job = await openJob();
    const program = await job.standIn();
    expect(readRuns(job.path('bin'))).toEqual([]);
    await job.run(program, ['--version']);
    await job.run(program, ['extract', 'a/b', '-o', 'out']);
    const [first, second] = readRuns(job.path('bin'));
    expect(first).toMatchObject({ args: ['--version'], cwd: job.directory, alongside: [] });
    expect(second).toMatchObject({ args: ['extract', 'a/b', '-o', 'out'], env: { HF_HUB_CACHE: job.path('hub') }, alongside: [] });
  });

  it('shows which runs were concurrent', async () => {
    const job = await openJob();
    await job.stage('tiny/model', RECORDED_MODELS['llama']!());
    const program = await job.standIn({ failure: { kind: 'hang', at: { step: 'loading' } } });
    const first = job.start(program, ['extract', 'tiny/model', '-o', 'out']);
    await vi.waitUntil(() => first.stderr().endsWith('── loading ──\n'), { timeout: 20_000 });
    await setBehaviour(job.path('bin'), {});
    await job.run(program, ['--version']);
    first.kill('SIGKILL');
    await first.ended;
    await job.run(program, ['--version']);
    expect(readRuns(job.path('bin')).map(({ alongside }) => alongside)).toEqual([[], [first.pid], []]);
  });
});
