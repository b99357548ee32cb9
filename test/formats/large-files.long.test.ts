import { execa } from 'execa';
import { expect, it } from 'vitest';

it('a million tensors are read in a small heap, and those that are asked for kept', async () => {
  const script = new URL('large_files.mjs', import.meta.url).pathname;
  const { stdout } = await execa(process.execPath, ['--max-old-space-size=224', script]);
  expect(JSON.parse(stdout)).toEqual({ bytes: expect.any(Number), count: 1_000_000, kept: 1000, indexed: 1000, files: 200 });
}, 120_000);
