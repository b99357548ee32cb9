import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScratchLayout } from '../../../activities/scratch/layout.js';
import { holderOf } from '../../../worker/holder.js';
import { lockScratch } from '../../../worker/scratch-lock.js';

let layout: ScratchLayout;
beforeEach(async () => {
  layout = new ScratchLayout(await mkdtemp(join(tmpdir(), 'swp-lock-')));
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

/** A process that lives as long as this test. */
const OTHER = process.ppid;
const held = (holder: unknown): Promise<void> => writeFile(layout.lockFile, `${JSON.stringify(holder)}\n`);
const TAKEN = expect.objectContaining({ code: 'worker/scratch-taken', message: expect.stringContaining(`Process ${OTHER} `) });

describe('a scratch', () => {
  it('that a process holds is not taken from it', async () => {
    await held(await holderOf(OTHER));
    await expect(lockScratch(layout)).rejects.toEqual(TAKEN);
  });

  it('that a process of an earlier version holds is not taken from it', async () => {
    await held(OTHER);
    await expect(lockScratch(layout)).rejects.toEqual(TAKEN);
  });

  // Only Linux says when a process began; elsewhere an id that is taken again looks like its first holder.
  const told = process.platform === 'linux';
  it.each([
    ...(told ? [['of the same id before the machine was booted', { boot: 'another-boot' }] as const] : []),
    ...(told ? [['of the same id that ended long ago', { begun: '1' }] as const] : []),
    ['that has ended', { pid: 2 ** 22 + 1 }] as const,
  ])('of a process %s is taken over', async (_whose, over) => {
    const before = { ...(await holderOf(OTHER)), ...over };
    await held(before);
    const release = await lockScratch(layout);
    expect(JSON.parse(await readFile(layout.lockFile, 'utf8'))).toMatchObject({ pid: process.pid });
    await release();
  });

  it.each(['', 'x', '{"pid":"1"}', '-1'])('whose lock was cut off or damaged (%j) is taken over', async (text) => {
    await writeFile(layout.lockFile, text);
    await (
      await lockScratch(layout)
    )();
  });
});
