import { createHash, randomBytes } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { HashThread } from '../../core/hash-thread.js';

let thread: HashThread;
afterEach(() => thread.close());

it.each([0, 1, 1024 * 1024, 1024 * 1024 + 1, 40 * 1024 * 1024])('hashes %d bytes in pieces as Node does', async (size) => {
  thread = new HashThread();
  const bytes = randomBytes(size);
  for (let at = 0; at < size; at += 300_007) await thread.update(bytes.subarray(at, at + 300_007));
  expect(await thread.digest()).toBe(createHash('sha256').update(bytes).digest('hex'));
});

it('accepts a piece that is larger than a block and leaves it unchanged', async () => {
  thread = new HashThread();
  const bytes = randomBytes(5 * 1024 * 1024);
  const before = Buffer.from(bytes);
  await thread.update(bytes);
  expect(bytes.equals(before)).toBe(true);
  expect(await thread.digest()).toBe(createHash('sha256').update(before).digest('hex'));
});
