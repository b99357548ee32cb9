import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { lockScratch } from '../../../publish/scratch/lock-scratch.js';

it('locks a scratch for one worker at a time, and names the process that holds it', async () => {
  const layout = new ScratchLayout(await mkdtemp(join(tmpdir(), 'swp-lock-')));
  onTestFinished(() => rm(layout.root, { recursive: true, force: true }));
  const unlock = await lockScratch(layout);
  await expect(lockScratch(layout)).rejects.toMatchObject({
    code: 'worker/scratch-taken',
    message: `Process ${process.pid} already works in ${layout.root}.`,
  });
  unlock();
  (await lockScratch(layout))();
});
