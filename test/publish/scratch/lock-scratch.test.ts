import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { lockScratch } from '../../../publish/scratch/lock-scratch.js';

it('locks a scratch for one worker at a time, and names the process that holds it', async () => {
  const layout = new ScratchLayout(await mkdtemp(join(tmpdir(), 'swp-lock-')));
  onTestFinished(() => rm(layout.root, { recursive: true, force: true }));
  const unlock = await lockScratch(THIS_MACHINE.files, layout);
  await expect(lockScratch(THIS_MACHINE.files, layout)).rejects.toMatchObject({
    code: 'worker/scratch-taken',
    message: `Process ${process.pid} already works in ${layout.root}.`,
  });
  unlock();
  (await lockScratch(THIS_MACHINE.files, layout))();
});
