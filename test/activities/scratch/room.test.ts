import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { roomFor } from '../../../activities/scratch/room.js';

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
