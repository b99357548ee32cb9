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

/** Runs it where nothing can be started: no server answers. */
const publish = async (inputs: Record<string, string>): Promise<JobRun> =>
  runJob((await readWorkflow('publish.yml')).workflow, {
    cwd: directory,
    directory: join(directory, 'runner'),
    env: { HOME: directory, TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_CONFIG_FILE: '/nonexistent' },
    inputs: { entry: 'foxlight/none', only: 'all', review_artifacts: 'false', wait: '0', ...inputs },
  });

describe('publish.yml, run', () => {
  it.each(['$(touch pwned)', '"; touch pwned; "', '--help', '`touch pwned`', '--json', ''])(
    'takes %j for the name of an entry, which there is not',
    async (entry) => {
      const { code, summary } = await publish({ entry });
      expect([1, 2]).toContain(code);
      expect(summary).toBe('');
      expect(await readdir(directory)).toEqual(['runner']);
    },
  );

  it.each(['soon', '', '-1', '1.5', '1; touch pwned', '1\n2'])('takes no %j for minutes, and starts nothing', async (wait) => {
    const { code, err } = await publish({ wait });
    expect([code, err]).toEqual([2, expect.stringContaining('wait takes whole minutes')]);
    expect(await readdir(directory)).toEqual(['runner']);
  });

  it('is red with the reason where no Temporal server answers', async () => {
    const { code, err } = await publish({ entry: 'foxlight/qwen3-5-9b-full-q4-k' });
    expect(code).toBe(5);
    expect(err).toContain('127.0.0.1:1');
  });
});
