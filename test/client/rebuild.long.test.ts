import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateGemma4 } from '../../dev/checkpoint/gemma4.js';
import { installStandIn } from '../../dev/larql/install.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { RepoId } from '../../core/ids.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

const TIMEOUT_MS = 180_000;

let directory: string;
let testEnvironment: TestEnvironment;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-rebuild-e2e-'));
  testEnvironment = await TestEnvironment.open('rebuild', { larql: await installStandIn(directory) });
});
afterEach(async () => {
  await testEnvironment.close();
  await rm(directory, { recursive: true, force: true });
});

/** Prepares the built program as a separate process, without a Temporal server in its environment. */
const rebuild = async (target: RepoId) => {
  const temporary = join(directory, 'tmp');
  await mkdir(temporary);
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    TMPDIR: temporary,
    HF_ENDPOINT: testEnvironment.hub.url,
    HF_TOKEN: TOKENS.read,
    SWP_LARQL: join(directory, 'larql-stand-in'),
    SWP_LARQL_STAND_IN: 'allow',
  };
  const main = join(projectRoot(), 'dist', 'client', 'main.js');
  const start = () =>
    execa(process.execPath, [main, '--json', 'verify', target, '--rebuild'], { env, extendEnv: false, cwd: directory, reject: false });
  return { temporary, start };
};

it(
  'reproduces a published sidecar without a Temporal server',
  async () => {
    await testEnvironment.start();
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    const { temporary, start } = await rebuild(testEnvironment.target);
    const { exitCode, stdout } = await start();
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ state: 'intact', rebuild: { outcome: 'reproduced' } }]);
    expect(await readdir(temporary)).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'reproduces a published slice, and leaves nothing behind on Ctrl-C',
  async () => {
    const source = RepoId.parse(`labs/${testEnvironment.queue}-model`);
    const target = RepoId.parse(`Acme/${testEnvironment.queue}-vindex`);
    await testEnvironment.hub.admin.createRepo(source);
    await testEnvironment.hub.admin.commitFiles(source, generateGemma4({ seed: 1 }).files, { message: 'A model' });
    const entry = testEnvironment.entry({
      mtp_source_repo: undefined,
      mtp_sidecar_repo: undefined,
      source_model: source,
      quant: 'q4k',
      slices: ['expert-server'],
      output_name: 'x.vindex',
      hf_repo: target,
    });
    await testEnvironment.start(entry);
    await testEnvironment.approve(1, entry);
    expect(await testEnvironment.result(entry)).toMatchObject({ outcome: 'published' });
    const { temporary, start } = await rebuild(target);
    const interrupted = start();
    interrupted.stderr.on('data', (text: Buffer) => {
      if (text.toString().includes('Rebuilding')) interrupted.kill('SIGINT');
    });
    expect((await interrupted).exitCode).toBe(130);
    expect(await readdir(temporary)).toEqual([]);
    const { stdout } = await start();
    expect(JSON.parse(stdout)).toMatchObject([{ state: 'intact', rebuild: { outcome: 'reproduced' } }]);
  },
  TIMEOUT_MS,
);
