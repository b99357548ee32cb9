import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWorkflow, runJob, type JobRun } from '../../support/github-workflow.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-github-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs the workflow without a Temporal server, so that nothing can start. */
const publish = async (inputs: Record<string, string>): Promise<JobRun> =>
  runJob((await readWorkflow('publish.yml')).workflow, {
    cwd: directory,
    directory: join(directory, 'runner'),
    env: { HOME: directory, TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_CONFIG_FILE: '/nonexistent' },
    inputs: { entry: 'foxlight/none', only: 'all', review_artifacts: 'false', wait: '0', ...inputs },
  });

describe('a run of publish.yml', () => {
  it.each(['$(touch pwned)', '"; touch pwned; "', '--help', '`touch pwned`', '--json', ''])(
    'treats %j as the name of an unknown entry',
    async (entry) => {
      const { code, summary } = await publish({ entry });
      expect([1, 2]).toContain(code);
      expect(summary).toBe('');
      expect(await readdir(directory)).toEqual(['runner']);
    },
  );

  it.each(['soon', '', '-1', '1.5', '1; touch pwned', '1\n2'])('refuses %j as a number of minutes', async (wait) => {
    const { code, err } = await publish({ wait });
    expect([code, err]).toEqual([2, expect.stringContaining('wait takes whole minutes')]);
    expect(await readdir(directory)).toEqual(['runner']);
  });

  it('fails with the address when no Temporal server answers', async () => {
    const { code, err } = await publish({ entry: 'foxlight/qwen3-5-9b-full-q4-k' });
    expect(code).toBe(5);
    expect(err).toContain('127.0.0.1:1');
  });
});
