import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { inject, expect, it, onTestFinished } from 'vitest';
import { loadCatalog } from '../../catalog/load.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { DEMO, DEMO_SETTINGS, demoCatalog } from '../../dev/sandbox/seed.js';

const swp = (args: readonly string[]) =>
  execa(process.execPath, [join(projectRoot(), 'dist', 'client', 'main.js'), ...args], {
    env: { SWP_TEMPORAL_CLI: inject('temporalCli') },
    reject: false,
    stdin: 'ignore',
  });

/** Matches a published result with this number of verified files. */
const published = (verifiedFiles: number) =>
  expect.objectContaining({ outcome: 'published', receipt: expect.objectContaining({ verifiedFiles }) });

it('publishes the demo sidecars from plan to verification', async () => {
  const { exitCode, stdout, stderr } = await swp(['demo', '--yes', '--json']);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    result: {
      outcome: 'published',
      // A machine with larql also publishes a vindex.
      artifacts: expect.arrayContaining([
        expect.objectContaining({ kind: 'mtp', result: published(5) }),
        expect.objectContaining({ kind: 'vision', result: published(7) }),
      ]),
    },
    ui: expect.stringContaining('publish%2Fdemo%2Fqwen3-5-tiny'),
  });
}, 120_000);

it('seeds the sandbox with only its own entry', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-seed-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'skulk-weights.yaml'), DEMO_SETTINGS);
  await writeFile(join(directory, 'catalog.yaml'), demoCatalog(true));
  expect([...(await loadCatalog({ cwd: directory })).entries.keys()]).toEqual([DEMO.entry]);
});

it('requires --yes for the demo without a terminal', async () => {
  const { exitCode, stderr } = await swp(['demo']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('npm run demo -- --yes');
});
