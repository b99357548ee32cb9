import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFile } from '../../../core/file-lock.js';
import { metricsAt } from '../../../dev/sandbox/metrics.js';
import { workerError } from '../../../dev/sandbox/worker-error.js';
import { swp } from '../../support/swp.js';

describe('swp dev', () => {
  it.each(['dev', 'demo --yes'])('%s reports an invalid setting before it starts anything', async (command) => {
    const { code, err } = await swp(command.split(' '), {
      cwd: tmpdir(),
      env: { SWP_LIMIT_RATE: 'fast', SWP_TEMPORAL_CLI: '/nonexistent' },
    });
    expect([code, err]).toEqual([3, expect.stringMatching(/^error: .*SWP_LIMIT_RATE/)]);
    expect(err).not.toContain('{');
  });
});

describe('the error of a sandbox worker that ended', () => {
  it('is the error that the worker reported', () => {
    const reported = {
      error: { code: 'worker/metrics-port', kind: 'invalid', message: 'Cannot serve metrics on 127.0.0.1:1.', hint: 'Set another.' },
    };
    const output = `{"level":"info","msg":"x"}\nsome text\n${JSON.stringify(reported)}\n`;
    expect(workerError('control', 3, output)).toMatchObject({
      kind: 'invalid',
      code: 'worker/metrics-port',
      message: 'The control worker does not start. Cannot serve metrics on 127.0.0.1:1.',
      hint: 'Set another.',
    });
  });

  it('is the end of its output when it reported no error', () => {
    expect(workerError('highmem', 137, `${'x'.repeat(600)}\nKilled\n`).message).toMatch(
      /^The highmem worker ended with code 137: x+\nKilled$/,
    );
  });
});

it('gives each sandbox worker its own metrics port', () => {
  expect([metricsAt('9464', 0), metricsAt('9464', 1)]).toEqual(['127.0.0.1:9464', '127.0.0.1:9465']);
  expect(metricsAt('[::1]:9464', 1)).toBe('[::1]:9465');
  expect([metricsAt(undefined, 0), metricsAt('', 1)]).toEqual([undefined, undefined]);
});

it('refuses a second swp dev in one directory before it writes anything there', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-dev-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const lock = await lockFile(join(directory, 'lock'));
  if (!('unlock' in lock)) throw new Error('not locked');
  onTestFinished(lock.unlock);
  await writeFile(join(directory, 'env'), 'of the first one');
  const ports = ['--port', '0', '--ui-port', '0', '--hub-port', '0'];
  const { code, err } = await swp(['dev', '--directory', directory, ...ports], {
    cwd: directory,
    env: { ...process.env, NO_COLOR: '1' },
    signal: AbortSignal.timeout(20_000),
  });
  expect([code, err]).toEqual([1, expect.stringContaining(`Process ${process.pid} already runs a sandbox in ${directory}.`)]);
  expect(await readFile(join(directory, 'env'), 'utf8')).toBe('of the first one');
});
