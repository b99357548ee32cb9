import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectRoot } from '../../../dev/temporal/project.js';

const PROGRAM = join(projectRoot(), 'dist', 'client', 'main.js');

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'swp-unusable-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const start = () =>
  execa(process.execPath, [PROGRAM, 'worker', 'highmem'], {
    env: { PATH: process.env['PATH'], HOME: scratch, SWP_SCRATCH: scratch, TEMPORAL_ADDRESS: '127.0.0.1:9', NO_COLOR: '1' },
    extendEnv: false,
    reject: false,
  });

it.each([
  [
    'that others can write to',
    () => mkdir(join(scratch, 'swp')).then(() => chmod(join(scratch, 'swp'), 0o777)),
    'can be written by others',
  ],
  ['that is a file', () => writeFile(join(scratch, 'swp'), 'x'), 'is not a directory'],
])('a high-memory worker refuses a scratch %s with exit code 3 and a hint', async (_what, spoil, message) => {
  await spoil();
  const { exitCode, stderr } = await start();
  const [error, hint] = stderr.split('\n');
  expect([exitCode, error, hint]).toEqual([3, expect.stringContaining(message), expect.stringMatching(/\.$/)]);
});
