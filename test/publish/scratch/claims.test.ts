import { access, link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { Claims, type ClaimWanted } from '../../../publish/scratch/claims.js';
import { hostId } from '../../../publish/scratch/host-id.js';
import { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../../../publish/scratch/shared-inputs.js';
import { Trash } from '../../../publish/scratch/trash.js';
import { Digest, RepoId } from '../../../core/ids.js';
import { machineWithClock, machineWithDisk } from '../../support/machine.js';

const UNIT = 2 ** 16;
const digest = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const wanted = (holder: string, digit = 'a', diskBytes = 1000, memoryBytes = 0): ClaimWanted => ({
  holder,
  recipeDigest: digest(digit),
  diskBytes,
  memoryBytes,
});

/** Deletes only when a test calls it: a claim that waits for the deletion never returns. */
class HeldTrash extends Trash {
  override emptyInBackground(): void {}
}

let layout: ScratchLayout;
let trash: HeldTrash;
let shared: SharedInputs;
/** Bytes that are free on the disk. */
let free: number;
let clock: number;
beforeEach(async () => {
  layout = new ScratchLayout(await mkdtemp(join(tmpdir(), 'swp-claims-')));
  trash = new HeldTrash(THIS_MACHINE, layout);
  clock = 1_000;
  shared = new SharedInputs(machineWithClock({ now: () => (clock += 1_000) }), layout, trash);
  free = 1_000 * UNIT;
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

const claimsOf = (slots: number, memoryBytes = THIS_MACHINE.memoryBytes): Claims =>
  new Claims({
    machine: { ...machineWithDisk(() => free), memoryBytes },
    layout,
    trash,
    shared,
    slots,
  });

/** Writes this many units and reduces the free bytes by them. */
const write = async (path: string, units: number): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(units * UNIT, 1));
  free -= units * UNIT;
};
const stage = (digit: string, holder: string, units: number): Promise<string> =>
  shared.use(digest(digit), holder, (directory) => write(join(directory, 'source'), units));

const GRANTED = { granted: true };
const refusal = (reason: string) => ({ granted: false, reason: expect.stringContaining(reason) });

describe('the claims of a host', () => {
  it('fill no more than its slots when they are made concurrently', async () => {
    const claims = claimsOf(2);
    const answers = await Promise.all(['one', 'two', 'three'].map((holder) => claims.claim(wanted(holder))));
    expect(answers.filter(({ granted }) => granted)).toHaveLength(2);
  });

  it('are granted again to the same holder, and survive a restart', async () => {
    await claimsOf(1).claim(wanted('one'));
    const again = claimsOf(1);
    expect(await again.claim(wanted('one'))).toEqual(GRANTED);
    expect(await again.claim(wanted('two'))).toEqual(refusal('slots'));
  });

  it('reserve memory while they hold a slot', async () => {
    const claims = claimsOf(4, 1_000);
    expect(await claims.claim(wanted('one', 'a', 1, 700))).toEqual(GRANTED);
    expect(await claims.claim(wanted('two', 'b', 1, 400))).toEqual(refusal('300 B are left'));
    await claims.freeSlot('one');
    expect(await claims.claim(wanted('two', 'b', 1, 400))).toEqual(GRANTED);
  });

  it('keep the scratch when their slot is freed', async () => {
    const claims = claimsOf(1);
    await claims.claim(wanted('one'));
    await mkdir(layout.build(digest('a')), { recursive: true });
    await claims.freeSlot('one');
    expect(await claims.claim(wanted('two', 'b'))).toEqual(GRANTED);
    expect(await readdir(layout.builds)).toHaveLength(1);
  });

  it('discard on release everything that no other claim uses, leftovers of a crash included', async () => {
    const claims = claimsOf(3);
    await claims.claim(wanted('one'));
    await claims.claim(wanted('two'));
    for (const path of [layout.build(digest('a')), `${layout.partialBuild(digest('a'))}-slice`, layout.seal(digest('a'), digest('c'))])
      await mkdir(path, { recursive: true });
    await write(layout.uploadJournal(digest('a'), RepoId.parse('acme/x')), 0);
    await claims.free('one', digest('a'));
    expect(await readdir(layout.builds)).toHaveLength(2);
    await claims.free('two', digest('a'));
    for (const directory of [layout.builds, layout.sealed, layout.uploads]) expect(await readdir(directory)).toEqual([]);
    await trash.empty();
    expect(await readdir(layout.trash)).toEqual([]);
  });

  it('reserve nothing when their file is unreadable', async () => {
    await mkdir(layout.claims, { recursive: true });
    await writeFile(join(layout.claims, 'broken.json'), '{"holder":');
    expect(await claimsOf(1).list()).toEqual([]);
  });
});

describe('the disk space of a claim', () => {
  it('must be free beside the bytes that other claims have yet to write', async () => {
    const claims = claimsOf(4);
    free = 100 * UNIT;
    expect(await claims.claim(wanted('one', 'a', 70 * UNIT))).toEqual(GRANTED);
    expect(await claims.claim(wanted('two', 'b', 70 * UNIT))).toEqual(refusal('it needs 4.59 MB more disk, and 1.97 MB are left'));
    expect(await claims.claim(wanted('two', 'b', 30 * UNIT))).toEqual(GRANTED);
  });

  it('excludes the bytes that are already there: a failed build resumes once the rest fits', async () => {
    const claims = claimsOf(1);
    free = 100 * UNIT;
    const request = { ...wanted('one', 'a', 90 * UNIT), inputs: [digest('d')] };
    expect(await claims.claim(request)).toEqual(GRANTED);
    await stage('d', 'one', 60);
    await write(join(layout.partialBuild(digest('a')), 'half'), 10);
    await write(join(layout.seal(digest('a'), digest('c')), 'README.md'), 1);
    // Others fill the disk; the build fails and its artifact pauses.
    free = 5 * UNIT;
    await claims.freeSlot('one');
    expect(await claims.claim(wanted('one', 'a', 90 * UNIT))).toEqual(refusal('it needs 1.25 MB more disk, and 328 kB are left'));
    free = 19 * UNIT;
    expect(await claims.claim(wanted('one', 'a', 90 * UNIT))).toEqual(GRANTED);
  });

  it('does not count the written bytes of other claims twice', async () => {
    const claims = claimsOf(4);
    free = 100 * UNIT;
    await claims.claim(wanted('one', 'a', 60 * UNIT));
    await stage('d', 'one', 40);
    await write(join(layout.build(digest('a')), 'weights'), 20);
    expect(free).toBe(40 * UNIT);
    expect(await claims.claim(wanted('two', 'b', 40 * UNIT))).toEqual(GRANTED);
  });

  it('counts a file shared by an extraction and a build once', async () => {
    const claims = claimsOf(4);
    free = 100 * UNIT;
    await claims.claim(wanted('one', 'a', 60 * UNIT));
    const extraction = await stage('d', 'one', 20);
    await mkdir(layout.build(digest('a')), { recursive: true });
    await link(join(extraction, 'source'), join(layout.build(digest('a')), 'source'));
    // 40 of its 60 units are still to be written.
    expect(await claims.claim(wanted('two', 'b', 41 * UNIT))).toMatchObject({ granted: false });
    expect(await claims.claim(wanted('two', 'b', 40 * UNIT))).toEqual(GRANTED);
  });

  it('gains only the unshared bytes of a released build', async () => {
    const claims = claimsOf(4);
    await claims.claim({ ...wanted('one', 'a', 60 * UNIT) });
    const extraction = await stage('d', 'live', 20);
    await mkdir(layout.build(digest('a')), { recursive: true });
    await link(join(extraction, 'source'), join(layout.build(digest('a')), 'source'));
    await write(join(layout.build(digest('a')), 'own'), 5);
    free = 10 * UNIT;
    await claims.free('one', digest('a'));
    expect(await claims.claim(wanted('two', 'b', 16 * UNIT))).toEqual(refusal('983 kB are left'));
    expect(await claims.claim(wanted('two', 'b', 15 * UNIT))).toEqual(GRANTED);
  });

  it('excludes a source that an earlier publish left, and holds that source', async () => {
    const claims = claimsOf(4);
    await stage('d', 'ended', 30);
    await shared.free('ended');
    free = 10 * UNIT;
    const request = { ...wanted('one', 'a', 40 * UNIT), inputs: [digest('d'), digest('e')] };
    expect(await claims.claim(request)).toEqual(GRANTED);
    expect(await shared.list()).toMatchObject([{ digest: digest('d'), holders: ['one'] }]);
    expect(await claims.claim(wanted('two', 'b', 11 * UNIT))).toMatchObject({ granted: false });
    await expect(access(layout.shared(digest('d')))).resolves.toBeUndefined();
  });

  it('replaces unused inputs, the longest unused first, without waiting for their deletion', async () => {
    const claims = claimsOf(4);
    for (const digit of ['d', 'e']) await stage(digit, 'ended', 20);
    await shared.free('ended');
    await stage('f', 'live', 20);
    free = 10 * UNIT;
    expect(await claims.claim(wanted('one', 'a', 25 * UNIT))).toEqual(GRANTED);
    expect((await shared.list()).map((input) => input.digest).toSorted()).toEqual([digest('e'), digest('f')]);
    // The space being freed is reserved for the first claim.
    expect(await trash.bytes()).toBe(20 * UNIT);
    expect(await claims.claim(wanted('two', 'b', 26 * UNIT))).toMatchObject({ granted: false });
    expect(await claims.claim(wanted('two', 'b', 25 * UNIT))).toEqual(GRANTED);
    expect((await shared.list()).map((input) => input.digest)).toEqual([digest('f')]);
  });

  it('deletes nothing for a claim that would still not fit', async () => {
    await stage('d', 'ended', 20);
    await shared.free('ended');
    free = 10 * UNIT;
    expect(await claimsOf(4).claim(wanted('one', 'a', 31 * UNIT))).toEqual(refusal('1.97 MB are left'));
    expect(await shared.list()).toHaveLength(1);
  });
});

describe('the id of a host', () => {
  it('is generated once and kept', async () => {
    const id = await hostId(THIS_MACHINE, layout);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(await hostId(THIS_MACHINE, layout)).toBe(id);
  });

  it('is refused when its file is invalid', async () => {
    await writeFile(layout.hostFile, '{"id":"../../x"}');
    await expect(hostId(THIS_MACHINE, layout)).rejects.toMatchObject({ code: 'worker/host-file' });
  });
});

it('keeps the claim file of a hostile holder name inside the scratch', () => {
  expect(layout.claimFile('../../etc/passwd').startsWith(join(layout.root, 'claims'))).toBe(true);
});
