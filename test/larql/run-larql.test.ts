import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SwpError } from '../../core/error.js';
import { Sha256 } from '../../core/ids.js';
import { larqlEnvironment } from '../../larql/environment.js';
import { runLarql, type LarqlRun } from '../../larql/run-larql.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-larql-run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const run = async (script: string, over: Partial<LarqlRun> = {}): Promise<string> => {
  const path = join(directory, 'program');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return runLarql({
    program: { path, sha256: Sha256.parse('0'.repeat(64)) },
    args: [],
    env: { PATH: process.env['PATH'] },
    cwd: directory,
    signal: new AbortController().signal,
    silenceMs: () => 60_000,
    ...over,
  });
};
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a run of larql', () => {
  it('gives what it wrote, and each line of its standard error', async () => {
    const lines: string[] = [];
    expect(await run('echo out; echo one >&2; printf "── two ──" >&2', { onLine: (line) => lines.push(line) })).toBe('out\n');
    expect(lines).toEqual(['one', '── two ──']);
  });

  it('passes arguments as they are, through no shell', async () => {
    expect(await run('printf "%s|" "$@"', { args: ['a b', '$HOME', '; rm -rf /', '*'] })).toBe('a b|$HOME|; rm -rf /|*|');
  });

  it.each([
    [1, 'Error: IO error: No space left on device (os error 28)', 'larql/disk-full'],
    [1, "Error: unsupported architecture 'deepseek' for extract pipeline", 'larql/architecture'],
    [1, 'Error: not a directory: owner/name', 'larql/source'],
    [1, 'Error: missing tensor: embed_tokens.weight', 'larql/model'],
    [1, 'Error: something else', 'larql/failed'],
    [2, "error: invalid value 'q9' for '--quant <QUANT>'", 'larql/usage'],
    [101, "thread 'main' panicked at src/x.rs", 'larql/panic'],
  ])('that ends with %i and "%s" is %s', async (code, said, expected) => {
    const failure = await run(`echo "${said}" >&2; exit ${code}`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: expected, message: expect.stringContaining(said), hint: expect.stringMatching(/\w/) });
  });

  it('that is killed is taken for one without memory', async () => {
    await expect(run('kill -9 $$')).rejects.toMatchObject({ code: 'larql/out-of-memory' });
    await expect(run('kill -6 $$')).rejects.toMatchObject({ code: 'larql/out-of-memory' });
  });

  it('keeps the last fifty lines of a flood, and shows the last five', async () => {
    const failure = await run('i=0; while [ $i -lt 500 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 1').catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ message: expect.stringMatching(/: line 495 \| .* line 499$/) });
  });

  it('that says nothing for too long is ended', async () => {
    const started: number[] = [];
    await expect(
      run('exec sleep 1000', { silenceMs: () => 300, onStart: (pid) => Promise.resolve(void started.push(pid)) }),
    ).rejects.toMatchObject({
      code: 'larql/hung',
    });
    expect(isAlive(started[0]!)).toBe(false);
  });

  it('that ended by a signal which the worker got too has not failed', async () => {
    await expect(run('kill -TERM $$', { shouldStop: () => true })).rejects.toMatchObject({ code: 'larql/stopping', transient: true });
  });

  it('ends soon when the worker is asked to stop, to begin anew later', async () => {
    const before = performance.now();
    await expect(run('exec sleep 1000', { shouldStop: () => true })).rejects.toMatchObject({
      code: 'larql/stopping',
      kind: 'unavailable',
    });
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  it('ends when its guard says why it must', async () => {
    let asked = 0;
    const guard = (): Promise<void> =>
      (asked += 1) < 2 ? Promise.resolve() : Promise.reject(new SwpError('quota', 'scratch/no-room', 'The disk is full.'));
    const started: number[] = [];
    const running = run('exec sleep 1000', { guard, onStart: (pid) => Promise.resolve(void started.push(pid)) });
    await expect(running).rejects.toMatchObject({ code: 'scratch/no-room', kind: 'quota' });
    expect(isAlive(started[0]!)).toBe(false);
  });

  it('ends with the signal, children and all', async () => {
    const cancelled = new AbortController();
    const lines: string[] = [];
    const running = run('sleep 1000 & echo $! >&2; wait', { signal: cancelled.signal, onLine: (line) => lines.push(line) });
    await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000);
    cancelled.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    await vi.waitFor(() => expect(isAlive(Number(lines[0]))).toBe(false), 10_000);
  });

  it('does not begin once it is cancelled', async () => {
    await expect(run('touch began', { signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow('cancelled');
  });
});

describe('its environment', () => {
  it('has no token, no setting of larql and no cache but its own', () => {
    const env = larqlEnvironment(
      {
        PATH: '/opt/bin',
        LD_LIBRARY_PATH: '/opt/lib',
        HF_TOKEN: 'hf_secret',
        HF_HOME: '/h',
        LARQL_X: '1',
        HOME: '/root',
        SWP_TARGETS: 'a',
      },
      { home: '/job/home', hubCache: '/job/hub', temporary: '/job/tmp' },
    );
    expect(env).toEqual({
      PATH: '/opt/bin',
      LD_LIBRARY_PATH: '/opt/lib',
      HOME: '/job/home',
      HF_HUB_CACHE: '/job/hub',
      HF_HUB_OFFLINE: '1',
      TMPDIR: '/job/tmp',
      LC_ALL: 'C.UTF-8',
      OPENBLAS_NUM_THREADS: '1',
      OPENBLAS_CORETYPE: 'HASWELL',
    });
  });
});
