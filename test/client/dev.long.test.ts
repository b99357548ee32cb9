import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { expect, inject, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { projectRoot } from '../../dev/temporal/project.js';

const PROGRAM = join(projectRoot(), 'dist', 'client', 'main.js');
const ENTRY = 'demo/qwen3-5-tiny';

it('publishes in a sandbox with faults, and the sandbox reports each fault', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-dev-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const faults = ['part-reset@2', 'complete-lost-answer', 'commit-504-applied'].flatMap((name) => ['--fault', name]);
  const ports = ['--port', '0', '--ui-port', '0', '--hub-port', '0'];
  const sandbox = execa(process.execPath, [PROGRAM, 'dev', '--directory', directory, ...ports, ...faults], {
    env: { SWP_TEMPORAL_CLI: inject('temporalCli') },
    reject: false,
    stdin: 'ignore',
  });
  onTestFinished(() => void sandbox.kill());
  for await (const line of createInterface(sandbox.stdout)) if (line.startsWith('Ctrl-C')) break;

  const swp = (line: string) => execa('sh', ['-c', `. '${directory}/env' && '${process.execPath}' '${PROGRAM}' --json ${line}`]);
  const { stdout } = await swp(`start ${ENTRY}`).catch((error: unknown) =>
    z.object({ stdout: z.string(), exitCode: z.literal(8) }).parse(error),
  );
  await swp(`approve ${ENTRY} --plan ${/sha256:[0-9a-f]{64}/.exec(stdout)![0]}`);
  const { stdout: status } = await swp(`status ${ENTRY} --watch`);
  expect(status).toContain('"published"');

  sandbox.kill('SIGINT');
  const { exitCode, stderr } = await sandbox;
  // Two artifacts upload concurrently: the order of the faults is not fixed.
  expect([exitCode, stderr.match(/fault \S+ struck \w+/g)?.toSorted()]).toEqual([
    0,
    ['fault commit-504-applied struck commit', 'fault complete-lost-answer struck complete', 'fault part-reset@2 struck part'],
  ]);
}, 120_000);
