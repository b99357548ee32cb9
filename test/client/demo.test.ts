import { join } from 'node:path';
import { execa } from 'execa';
import { inject, expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';

const swp = (args: readonly string[]) =>
  execa(process.execPath, [join(projectRoot(), 'dist', 'client', 'main.js'), ...args], {
    env: { SWP_TEMPORAL_CLI: inject('temporalCli') },
    reject: false,
    stdin: 'ignore',
  });

it('the demo publishes sidecars from plan to verification', async () => {
  const { exitCode, stdout, stderr } = await swp(['demo', '--yes', '--json']);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    result: {
      outcome: 'published',
      artifacts: [
        { kind: 'mtp', result: { outcome: 'published', receipt: { verifiedFiles: 5 } } },
        { kind: 'vision', result: { outcome: 'published', receipt: { verifiedFiles: 7 } } },
      ],
    },
    ui: expect.stringContaining('publish%2Fdemo%2Fqwen3-5-tiny'),
  });
}, 120_000);

it('without a terminal the demo approves nothing by itself', async () => {
  const { exitCode, stderr } = await swp(['demo']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('npm run demo -- --yes');
});
