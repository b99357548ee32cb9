import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../../../publish/scratch/shared-inputs.js';
import { Digest } from '../../../core/ids.js';
import { machineWithClock } from '../../support/machine.js';

const DAY = 86_400_000;
const digest = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);

let root: string;
let layout: ScratchLayout;
let now: number;
let shared: SharedInputs;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-shared-'));
  layout = new ScratchLayout(root);
  now = Date.parse('2026-01-01');
  shared = new SharedInputs(machineWithClock({ now: () => now }), layout);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const made: string[] = [];
beforeEach(() => void made.splice(0));
const use = (holder: string, of = digest('a')): Promise<string> =>
  shared.use(of, holder, async (directory) => {
    made.push(holder);
    await writeFile(join(directory, 'file'), holder);
  });

describe('a shared input', () => {
  it('is made once for concurrent callers', async () => {
    const paths = await Promise.all(['one', 'two', 'three'].map((holder) => use(holder)));
    expect(new Set(paths)).toEqual(new Set([layout.shared(digest('a'))]));
    expect(made).toEqual(['one']);
    expect((await shared.list())[0]).toMatchObject({ complete: true, holders: ['one', 'two', 'three'] });
  });

  it('is incomplete after a failure, and the next attempt resumes it', async () => {
    await expect(
      shared.use(digest('a'), 'one', async (directory) => {
        await writeFile(join(directory, 'half'), 'x');
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect((await shared.list())[0]?.complete).toBe(false);
    const path = await shared.use(digest('a'), 'one', async (directory) =>
      expect(await readFile(join(directory, 'half'), 'utf8')).toBe('x'),
    );
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('does not block another input while it is made', async () => {
    let begun = (): void => undefined;
    let finish = (): void => undefined;
    const isMade = new Promise<void>((resolve) => (begun = resolve));
    const waiting = shared.use(digest('a'), 'one', () => {
      begun();
      return new Promise((resolve) => (finish = resolve));
    });
    await isMade;
    await use('two', digest('b'));
    finish();
    await waiting;
  });

  it('does not block holding, releasing or discarding while it is made', async () => {
    await use('one');
    let begun = (): void => undefined;
    let finish = (): void => undefined;
    const isMade = new Promise<void>((resolve) => (begun = resolve));
    const waiting = shared.use(digest('b'), 'one', () => {
      begun();
      return new Promise((resolve) => (finish = resolve));
    });
    await isMade;
    await shared.hold(digest('b'), 'two');
    await shared.free('two');
    expect(await shared.discardUnused(digest('b'))).toBe(false);
    finish();
    await waiting;
  });

  it('is held for a publish only when some of it exists', async () => {
    await use('one');
    await shared.hold(digest('a'), 'two');
    await shared.hold(digest('b'), 'two');
    expect(await shared.list()).toMatchObject([{ digest: digest('a'), holders: ['one', 'two'] }]);
  });

  it('is kept while it is in use, and for a grace period after that', async () => {
    await use('one');
    await use('two');
    now += 30 * DAY;
    expect(await shared.removeUnused(now)).toEqual([]);
    await shared.free('one');
    await shared.free('two');
    expect(await shared.removeUnused(now - 7 * DAY)).toEqual([]);
    now += 8 * DAY;
    expect(await shared.removeUnused(now - 7 * DAY)).toMatchObject([{ digest: digest('a') }]);
    expect(await shared.list()).toEqual([]);
    await expect(stat(layout.shared(digest('a')))).rejects.toThrow();
  });

  it('survives a restart with its holders', async () => {
    await use('one');
    expect(await new SharedInputs(THIS_MACHINE, layout).list()).toMatchObject([{ digest: digest('a'), holders: ['one'], complete: true }]);
  });

  it('has no holders when its use record is unreadable, and is not made again', async () => {
    await use('one');
    await writeFile(layout.sharedUses(digest('a')), '{"holders":');
    expect(await shared.list()).toMatchObject([{ holders: [], usedAt: 0 }]);
    await use('two');
    expect(made).toEqual(['one']);
    expect(await shared.list()).toMatchObject([{ holders: ['two'] }]);
  });
});
