import { lstat, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { capacityOf, nearestDirectory, roomFor } from '../../../publish/scratch/capacity.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-room-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const MIB = 2 ** 20;
const free = (bytes: number) => (): Promise<number> => Promise.resolve(bytes);

describe('the room for what is being written', () => {
  it('is what is still to be written, not what is there already', async () => {
    await writeFile(join(directory, 'half'), Buffer.alloc(3 * MIB, 1));
    await expect(roomFor(directory, 4 * MIB, free(MIB))()).resolves.toBeUndefined();
    await expect(roomFor(directory, 4 * MIB + 1, free(MIB))()).rejects.toMatchObject({
      code: 'scratch/no-room',
      message: expect.stringContaining('1.05 MB free'),
      hint: expect.stringContaining('SWP_SCRATCH'),
    });
  });

  it('counts no byte that a file was only promised', async () => {
    const file = await open(join(directory, 'sparse'), 'w');
    await file.truncate(4 * MIB);
    await file.close();
    await expect(roomFor(directory, 4 * MIB, free(MIB))()).rejects.toMatchObject({ code: 'scratch/no-room' });
  });

  it('is asked for before anything is there', async () => {
    await expect(roomFor(join(directory, 'none'), 1, free(0))()).rejects.toMatchObject({ code: 'scratch/no-room' });
    await expect(roomFor(join(directory, 'none'), 1, free(1))()).resolves.toBeUndefined();
  });
});

describe('the capacity of a scratch', () => {
  it('is what is free and what lies in it', async () => {
    await mkdir(join(directory, 'builds'));
    await writeFile(join(directory, 'builds', 'weights'), Buffer.alloc(MIB, 1));
    expect(await capacityOf(directory, free(5 * MIB))).toBe(6 * MIB);
  });

  it('is that of the disk where there is none yet', async () => {
    const none = join(directory, 'not', 'there');
    expect(await nearestDirectory(none)).toBe(directory);
    expect(await capacityOf(none)).toBeGreaterThan(0);
    await expect(lstat(none)).rejects.toThrow();
  });
});
