import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { readWorkflow, runJob, type JobRun } from '../../support/github-workflow.js';

let directory: string;
let repository: string;
let hub: LocalHub;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-github-'));
  repository = join(directory, 'work', 'repository');
  await mkdir(repository, { recursive: true });
  hub = await startLocalHub({ directory: join(directory, 'hub') });
  await hub.admin.createRepo('labs/tiny');
  await hub.admin.commitFiles('labs/tiny', generateCheckpoint({ seed: 5, size: 'small' }).files, { message: 'A checkpoint' });
});
afterEach(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const git = (...argv: string[]) =>
  execa('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...argv], {
    cwd: repository,
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  });
const sidecar = (key: string, over: object = {}) => ({
  key,
  tier: 'smoke',
  mtp_source_repo: 'labs/tiny',
  mtp_sidecar_repo: `acme/${key}-mtp`,
  ...over,
});
const commit = async (source: string, models: readonly object[]): Promise<void> => {
  await writeFile(
    join(repository, 'skulk-weights.yaml'),
    stringify({
      include_foxlight: false,
      sources: [
        { name: 'acme', path: 'acme.yaml' },
        { name: 'other', path: 'other.yaml' },
      ],
    }),
  );
  await writeFile(join(repository, source), stringify({ models }));
  await git('add', '.');
  await git('commit', '--message', `Change ${source}`);
};

/** Checks out a pull request as GitHub does: merged into the current base branch. */
const pullRequest = async (change: () => Promise<void>): Promise<void> => {
  await git('init', '--initial-branch', 'main');
  await writeFile(join(repository, 'other.yaml'), 'models: []\n');
  await commit('acme.yaml', [sidecar('kept')]);
  await git('checkout', '-b', 'change');
  await change();
  await git('checkout', 'main');
  await commit('other.yaml', [sidecar('meanwhile', { mtp_source_repo: 'labs/other' })]);
  await git('merge', '--no-ff', '--message', 'Merge', 'change');
  await git('checkout', '--detach');
};
const review = async (env: NodeJS.ProcessEnv = {}): Promise<JobRun> =>
  runJob((await readWorkflow('catalog.yml')).workflow, {
    cwd: repository,
    directory,
    env: { HOME: directory, HF_ENDPOINT: hub.url, ...env },
  });

describe('a run of catalog.yml', () => {
  it('shows the plan of an added entry, without later changes of the base branch', async () => {
    await pullRequest(() => commit('acme.yaml', [sidecar('kept'), sidecar('new')]));
    const { code, summary } = await review();
    expect(code).toBe(0);
    expect(summary).toContain('# Catalog: 1 entry added\n');
    expect(summary).toContain('## `acme/new`: added');
    expect(summary).toContain('| add | `mtp.safetensors` | the MTP heads of labs/tiny at');
    expect(summary).not.toContain('meanwhile');
  });

  it.each([
    ['schema', sidecar('new', { mtp_quant: 'q4' }), 'mtp&#95;quant: must be bf16'],
    ['merge', sidecar('new', { mtp_sidecar_repo: 'acme/kept-mtp', mtp_source_repo: 'labs/x' }), 'differs from acme/kept'],
  ])('fails on a mistake of the %s, and shows it', async (_, entry, report) => {
    await pullRequest(() => commit('acme.yaml', [sidecar('kept'), entry]));
    const { code, summary, err } = await review();
    expect(code).toBe(3);
    expect(summary).toContain(report);
    expect(err).toContain('1 mistake.');
  });

  it('succeeds when the Hub cannot be reached, and reports it', async () => {
    await pullRequest(() => commit('acme.yaml', [sidecar('kept'), sidecar('new')]));
    const { code, summary } = await review({ HF_ENDPOINT: 'http://127.0.0.1:1' });
    expect(code).toBe(0);
    expect(summary).toMatch(/Not planned: .*ECONNREFUSED/);
  });

  it('succeeds for a blocked plan, and shows the finding', async () => {
    await hub.admin.createRepo('labs/headless');
    const { files } = generateCheckpoint({ seed: 5, size: 'small', withMtp: false });
    await hub.admin.commitFiles('labs/headless', files, { message: 'A checkpoint' });
    await pullRequest(() => commit('acme.yaml', [sidecar('kept'), sidecar('new', { mtp_source_repo: 'labs/headless' })]));
    const { code, summary } = await review();
    expect(code).toBe(0);
    expect(summary).toContain('| `mtp-none-found` | ✗ blocked |');
  });

  it('reports that no entry differs', async () => {
    await pullRequest(async () => void (await git('commit', '--allow-empty', '--message', 'Nothing')));
    expect(await review()).toMatchObject({ code: 0, summary: '# Catalog: no entry differs\n' });
  });
});
