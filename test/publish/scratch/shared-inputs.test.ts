import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { SharedInputs } from '../../../publish/scratch/shared-inputs.js';
import { Trash } from '../../../publish/scratch/trash.js';
import { Digest } from '../../../core/ids.js';

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
  shared = new SharedInputs(layout, new Trash(layout), () => now);
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
  it('is made once, however many ask at once', async () => {
    const paths = await Promise.all(['one', 'two', 'three'].map((holder) => use(holder)));
    expect(new Set(paths)).toEqual(new Set([layout.shared(digest('a'))]));
    expect(made).toEqual(['one']);
    expect((await shared.list())[0]).toMatchObject({ complete: true, holders: ['one', 'two', 'three'] });
  });

  it('is not there before it is complete, and the next attempt goes on from what is left', async () => {
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

  it('does not hold up another', async () => {
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

  it('that is being made keeps neither a claim nor the end of another use waiting', async () => {
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
    await shared.release('two');
    expect(await shared.discardUnused(digest('b'))).toBe(false);
    finish();
    await waiting;
  });

  it('is kept for a publish that will use it only where something of it is there', async () => {
    await use('one');
    await shared.hold(digest('a'), 'two');
    await shared.hold(digest('b'), 'two');
    expect(await shared.list()).toMatchObject([{ digest: digest('a'), holders: ['one', 'two'] }]);
  });

  it('is kept while somebody uses it, and after that for a while', async () => {
    await use('one');
    await use('two');
    now += 30 * DAY;
    expect(await shared.removeUnused(now)).toEqual([]);
    await shared.release('one');
    await shared.release('two');
    expect(await shared.removeUnused(now - 7 * DAY)).toEqual([]);
    now += 8 * DAY;
    expect(await shared.removeUnused(now - 7 * DAY)).toMatchObject([{ digest: digest('a') }]);
    expect(await shared.list()).toEqual([]);
    await expect(stat(layout.shared(digest('a')))).rejects.toThrow();
  });

  it('survives a restart with those who use it', async () => {
    await use('one');
    expect(await new SharedInputs(layout).list()).toMatchObject([{ digest: digest('a'), holders: ['one'], complete: true }]);
  });

  it('whose note cannot be read is nobody’s', async () => {
    await use('one');
    await writeFile(layout.sharedUses(digest('a')), '{"holders":');
    expect(await shared.list()).toMatchObject([{ holders: [], usedAt: 0 }]);
    await use('two');
    expect(made).toEqual(['one']);
    expect(await shared.list()).toMatchObject([{ holders: ['two'] }]);
  });
});
