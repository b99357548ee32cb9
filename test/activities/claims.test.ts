import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Claims } from '../../activities/scratch/claims.js';
import { hostId } from '../../activities/scratch/host-id.js';
import { ScratchLayout } from '../../activities/scratch/layout.js';
import { Digest } from '../../core/ids.js';

const recipe = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const wanted = (holder: string, digit = 'a', diskBytes = 1000, memoryBytes = 0) => ({
  holder,
  recipeDigest: recipe(digit),
  diskBytes,
  memoryBytes,
});

let layout: ScratchLayout;
beforeEach(async () => {
  layout = new ScratchLayout(await mkdtemp(join(tmpdir(), 'swp-claims-')));
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

describe('the claims of a host', () => {
  it('fill its slots and no more, even when asked at once', async () => {
    const claims = new Claims(layout, 2);
    const answers = await Promise.all(['one', 'two', 'three'].map((holder) => claims.claim(wanted(holder))));
    expect(answers.filter(({ granted }) => granted)).toHaveLength(2);
  });

  it('are the same claim when made twice, and survive a restart', async () => {
    await new Claims(layout, 1).claim(wanted('one'));
    const again = new Claims(layout, 1);
    expect(await again.claim(wanted('one'))).toEqual({ granted: true });
    expect(await again.claim(wanted('two'))).toMatchObject({ granted: false });
  });

  it('reserve disk: what is promised to others is not free', async () => {
    const claims = new Claims(layout, 4);
    const free = await claims.freeDisk();
    expect(await claims.claim(wanted('one', 'a', Math.floor(free * 0.7)))).toEqual({ granted: true });
    expect(await claims.claim(wanted('two', 'b', Math.floor(free * 0.7)))).toMatchObject({
      granted: false,
      reason: expect.stringContaining('disk'),
    });
  });

  it('reserve memory while they hold a slot', async () => {
    const claims = new Claims(layout, 4, 1_000);
    expect(await claims.claim(wanted('one', 'a', 1, 700))).toEqual({ granted: true });
    expect(await claims.claim(wanted('two', 'b', 1, 400))).toMatchObject({
      granted: false,
      reason: expect.stringContaining('300 are left'),
    });
    await claims.park('one');
    expect(await claims.claim(wanted('two', 'b', 1, 400))).toEqual({ granted: true });
  });

  it('of an earlier version, which named no memory, are read as they are', async () => {
    await mkdir(layout.claims, { recursive: true });
    const { memoryBytes: _, ...old } = wanted('one');
    await writeFile(layout.claimFile('one'), JSON.stringify({ ...old, slot: true }));
    expect(await new Claims(layout, 1).list()).toMatchObject([{ holder: 'one', memoryBytes: 0 }]);
  });

  it('of a parked artifact give the slot back and keep the scratch', async () => {
    const claims = new Claims(layout, 1);
    await claims.claim(wanted('one'));
    await mkdir(layout.build(recipe('a')), { recursive: true });
    await claims.park('one');
    expect(await claims.claim(wanted('two', 'b'))).toEqual({ granted: true });
    expect(await readdir(layout.builds)).toHaveLength(1);
  });

  it('once released delete what nobody else uses', async () => {
    const claims = new Claims(layout, 3);
    await claims.claim(wanted('one'));
    await claims.claim(wanted('two'));
    await mkdir(layout.build(recipe('a')), { recursive: true });
    await mkdir(layout.seal(recipe('a'), recipe('c')), { recursive: true });
    await claims.release('one', recipe('a'));
    expect(await readdir(layout.builds)).toHaveLength(1);
    await claims.release('two', recipe('a'));
    expect(await readdir(layout.builds)).toEqual([]);
    expect(await readdir(layout.sealed)).toEqual([]);
  });

  it('that cannot be read reserve nothing', async () => {
    await mkdir(layout.claims, { recursive: true });
    await writeFile(join(layout.claims, 'broken.json'), '{"holder":');
    expect(await new Claims(layout, 1).list()).toEqual([]);
  });
});

describe('the id of a host', () => {
  it('is made once and kept', async () => {
    const id = await hostId(layout);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(await hostId(layout)).toBe(id);
  });

  it('that somebody broke is told, not replaced', async () => {
    await writeFile(layout.hostFile, '{"id":"../../x"}');
    await expect(hostId(layout)).rejects.toMatchObject({ code: 'worker/host-file' });
  });
});

it('no name from outside becomes a path', () => {
  expect(layout.claimFile('../../etc/passwd').startsWith(join(layout.root, 'claims'))).toBe(true);
});
