import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { openStreamHash, type StreamHash } from '../../core/stream-hash.js';

let hash: StreamHash;
afterEach(() => hash.close());

describe.each([0, 2])('with %d threads', (threads) => {
  it.each([0, 1, 1024 * 1024, 1024 * 1024 + 1, 40 * 1024 * 1024])('hashes %d bytes in pieces as Node does', async (size) => {
    hash = openStreamHash(threads);
    const bytes = randomBytes(size);
    for (let at = 0; at < size; at += 300_007) await hash.update(bytes.subarray(at, at + 300_007));
    expect(await hash.digest()).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('accepts a piece that is larger than a block and leaves it unchanged', async () => {
    hash = openStreamHash(threads);
    const bytes = randomBytes(5 * 1024 * 1024);
    const before = Buffer.from(bytes);
    await hash.update(bytes);
    expect(bytes.equals(before)).toBe(true);
    expect(await hash.digest()).toBe(createHash('sha256').update(before).digest('hex'));
  });
});
