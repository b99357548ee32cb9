import { execa } from 'execa';
import { expect, it } from 'vitest';

it('reads the maximum number of tensors in a small heap, and keeps only the selected ones', async () => {
  const script = new URL('large_files.mjs', import.meta.url).pathname;
  const { stdout } = await execa(process.execPath, ['--max-old-space-size=40', script]);
  expect(JSON.parse(stdout)).toEqual({ bytes: expect.any(Number), count: 100_000, kept: 100, indexed: 250, files: 200 });
}, 120_000);
