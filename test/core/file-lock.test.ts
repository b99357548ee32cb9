import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holderText, lockFile, type FileLock } from '../../core/file-lock.js';
import { identifyProcess, isRunning } from '../../core/process-identity.js';
import { THIS_MACHINE } from '../../core/this-machine.js';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-lock-'));
  path = join(directory, 'lock');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const unlock = (lock: FileLock): void => {
  if (!('unlock' in lock)) throw new Error('not locked');
  lock.unlock();
};

describe('a lock', () => {
  it('has one holder and reports its process id', async () => {
    const first = await lockFile(path);
    expect(await lockFile(path)).toEqual({ heldBy: process.pid });
    unlock(first);
    unlock(await lockFile(path));
  });

  it('reports no holder when its file is incomplete or names an ended process', async () => {
    unlock(await lockFile(path));
    const held = await lockFile(path);
    for (const text of ['', '{"pid":', JSON.stringify({ pid: process.ppid, started: 'another-boot 1' })]) {
      await writeFile(path, text);
      expect(await lockFile(path)).toEqual({ heldBy: null });
    }
    unlock(held);
  });

  it('refuses a symbolic link and leaves its target unchanged', async () => {
    await writeFile(join(directory, 'precious'), 'precious');
    await symlink(join(directory, 'precious'), path);
    await expect(lockFile(path)).rejects.toMatchObject({ code: 'ELOOP' });
    expect(await readFile(join(directory, 'precious'), 'utf8')).toBe('precious');
  });

  it('is not inherited by a program that its holder runs', async () => {
    const held = await lockFile(path);
    const child = execa('sleep', ['60'], { reject: false });
    unlock(held);
    unlock(await lockFile(path));
    child.kill();
    await child;
  });

  it('describes its holder', () => {
    expect([holderText(7), holderText(null)]).toEqual(['Process 7', 'Another process']);
  });
});

describe('the identity of a process', () => {
  it('matches only the same process while it runs', async () => {
    const child = execa('sleep', ['60'], { reject: false });
    const identity = (await identifyProcess(child.pid!))!;
    expect(await isRunning(THIS_MACHINE.programs, identity)).toBe(true);
    expect(await isRunning(THIS_MACHINE.programs, { ...identity, started: 'another-boot 1' })).toBe(false);
    child.kill('SIGKILL');
    await child;
    expect(await isRunning(THIS_MACHINE.programs, identity)).toBe(false);
    expect(await identifyProcess(child.pid!)).toBeNull();
  });

  it('is null for a zombie process', async () => {
    // The shell becomes a sleep that never waits for its child.
    const parent = execa('sh', ['-c', 'true & echo $!; exec sleep 60'], { reject: false });
    const [line] = (await parent.stdout[Symbol.asyncIterator]().next()).value.toString().split('\n') as [string];
    await expect.poll(() => identifyProcess(Number(line))).toBeNull();
    parent.kill();
    await parent;
  });
});
