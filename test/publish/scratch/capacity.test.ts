import { lstat, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../../core/machine.js';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { capacityOf, nearestDirectory, spaceCheck } from '../../../publish/scratch/capacity.js';
import { machineWithDisk } from '../../support/machine.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-room-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const MIB = 2 ** 20;
const free = (bytes: number): Files => machineWithDisk(() => bytes).files;

describe('the disk space for a directory being written', () => {
  it('excludes the bytes that are already written', async () => {
    await writeFile(join(directory, 'half'), Buffer.alloc(3 * MIB, 1));
    await expect(spaceCheck(free(MIB), directory, directory, 4 * MIB)()).resolves.toBeUndefined();
    await expect(spaceCheck(free(MIB), directory, directory, 4 * MIB + 1)()).rejects.toMatchObject({
      code: 'scratch/no-space',
      message: expect.stringContaining('1.05 MB free'),
      hint: expect.stringContaining('SWP_SCRATCH'),
    });
  });

  it('does not count a sparse file as written', async () => {
    const file = await open(join(directory, 'sparse'), 'w');
    await file.truncate(4 * MIB);
    await file.close();
    await expect(spaceCheck(free(MIB), directory, directory, 4 * MIB)()).rejects.toMatchObject({ code: 'scratch/no-space' });
  });

  it('is that of the scratch, also before the directory exists', async () => {
    await expect(spaceCheck(free(0), directory, join(directory, 'none'), 1)()).rejects.toMatchObject({ code: 'scratch/no-space' });
    await expect(spaceCheck(free(1), directory, join(directory, 'none'), 1)()).resolves.toBeUndefined();
  });
});

describe('the capacity of a scratch', () => {
  it('is the free space plus the bytes in it', async () => {
    await mkdir(join(directory, 'builds'));
    await writeFile(join(directory, 'builds', 'weights'), Buffer.alloc(MIB, 1));
    expect(await capacityOf(free(5 * MIB), directory)).toBe(6 * MIB);
  });

  it('is that of the disk when the scratch does not exist', async () => {
    const none = join(directory, 'not', 'there');
    expect(await nearestDirectory(THIS_MACHINE.files, none)).toBe(directory);
    expect(await capacityOf(THIS_MACHINE.files, none)).toBeGreaterThan(0);
    await expect(lstat(none)).rejects.toThrow();
  });
});
