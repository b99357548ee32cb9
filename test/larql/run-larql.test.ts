import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SwpError } from '../../core/error.js';
import { Sha256 } from '../../core/ids.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
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
    machine: THIS_MACHINE,
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
  it('returns its output, and reports each line of its standard error', async () => {
    const lines: string[] = [];
    expect(await run('echo out; echo one >&2; printf "── two ──" >&2', { onLine: (line) => lines.push(line) })).toBe('out\n');
    expect(lines).toEqual(['one', '── two ──']);
  });

  it('passes arguments unchanged, without a shell', async () => {
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
  ])('reports exit code %i and "%s" as %s', async (code, stderr, expected) => {
    const failure = await run(`echo "${stderr}" >&2; exit ${code}`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: expected, message: expect.stringContaining(stderr), hint: expect.stringMatching(/\w/) });
  });

  it('is reported as out of memory when it is killed', async () => {
    await expect(run('kill -9 $$')).rejects.toMatchObject({ code: 'larql/out-of-memory' });
    await expect(run('kill -6 $$')).rejects.toMatchObject({ code: 'larql/out-of-memory' });
  });

  it('shows the last five lines of a long output', async () => {
    const failure = await run('i=0; while [ $i -lt 500 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 1').catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ message: expect.stringMatching(/: line 495 \| .* line 499$/) });
  });

  it('is killed when it is silent for too long', async () => {
    const started: number[] = [];
    await expect(
      run('exec sleep 1000', { silenceMs: () => 300, onStart: (pid) => Promise.resolve(void started.push(pid)) }),
    ).rejects.toMatchObject({
      code: 'larql/hung',
    });
    expect(isAlive(started[0]!)).toBe(false);
  });

  it('is transient when a signal ends it and the worker has to stop', async () => {
    await expect(run('kill -TERM $$', { shouldStop: () => true })).rejects.toMatchObject({ code: 'larql/stopping', transient: true });
  });

  it('ends soon when the worker has to stop', async () => {
    const before = performance.now();
    await expect(run('exec sleep 1000', { shouldStop: () => true })).rejects.toMatchObject({
      code: 'larql/stopping',
      kind: 'unavailable',
    });
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  it('ends with the error of its guard', async () => {
    let checks = 0;
    const guard = (): Promise<void> =>
      (checks += 1) < 2 ? Promise.resolve() : Promise.reject(new SwpError('quota', 'scratch/no-space', 'The disk is full.'));
    const started: number[] = [];
    const running = run('exec sleep 1000', { guard, onStart: (pid) => Promise.resolve(void started.push(pid)) });
    await expect(running).rejects.toMatchObject({ code: 'scratch/no-space', kind: 'quota' });
    expect(isAlive(started[0]!)).toBe(false);
  });

  it('ends with its children when it is cancelled', async () => {
    const cancelled = new AbortController();
    const lines: string[] = [];
    const running = run('sleep 1000 & echo $! >&2; wait', { signal: cancelled.signal, onLine: (line) => lines.push(line) });
    await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000);
    cancelled.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    await vi.waitFor(() => expect(isAlive(Number(lines[0]))).toBe(false), 10_000);
  });

  it('rejects when it is already cancelled', async () => {
    await expect(run('touch began', { signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow('cancelled');
  });
});

describe('the environment of larql', () => {
  it('has no token and no larql setting, but its own caches', () => {
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
