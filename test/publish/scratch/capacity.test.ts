import { lstat, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { capacityOf, nearestDirectory, spaceCheck } from '../../../publish/scratch/capacity.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-room-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const MIB = 2 ** 20;
const free = (bytes: number) => (): Promise<number> => Promise.resolve(bytes);

describe('the disk space for a directory being written', () => {
  it('excludes the bytes that are already written', async () => {
    await writeFile(join(directory, 'half'), Buffer.alloc(3 * MIB, 1));
    await expect(spaceCheck(directory, 4 * MIB, free(MIB))()).resolves.toBeUndefined();
    await expect(spaceCheck(directory, 4 * MIB + 1, free(MIB))()).rejects.toMatchObject({
      code: 'scratch/no-space',
      message: expect.stringContaining('1.05 MB free'),
      hint: expect.stringContaining('SWP_SCRATCH'),
    });
  });

  it('does not count a sparse file as written', async () => {
    const file = await open(join(directory, 'sparse'), 'w');
    await file.truncate(4 * MIB);
    await file.close();
    await expect(spaceCheck(directory, 4 * MIB, free(MIB))()).rejects.toMatchObject({ code: 'scratch/no-space' });
  });

  it('is checked before the directory exists', async () => {
    await expect(spaceCheck(join(directory, 'none'), 1, free(0))()).rejects.toMatchObject({ code: 'scratch/no-space' });
    await expect(spaceCheck(join(directory, 'none'), 1, free(1))()).resolves.toBeUndefined();
  });
});

describe('the capacity of a scratch', () => {
  it('is the free space plus the bytes in it', async () => {
    await mkdir(join(directory, 'builds'));
    await writeFile(join(directory, 'builds', 'weights'), Buffer.alloc(MIB, 1));
    expect(await capacityOf(directory, free(5 * MIB))).toBe(6 * MIB);
  });

  it('is that of the disk when the scratch does not exist', async () => {
    const none = join(directory, 'not', 'there');
    expect(await nearestDirectory(none)).toBe(directory);
    expect(await capacityOf(none)).toBeGreaterThan(0);
    await expect(lstat(none)).rejects.toThrow();
  });
});
