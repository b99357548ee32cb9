import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import type { ScratchLayout } from '../../../publish/scratch/scratch-layout.js';
import { openScratch } from '../../../publish/scratch/open-scratch.js';
import { scratchParts } from '../../../publish/scratch/scratch-parts.js';
import { SharedInputs } from '../../../publish/scratch/shared-inputs.js';
import { Digest, RepoId } from '../../../core/ids.js';
import { lockScratch } from '../../../publish/scratch/lock-scratch.js';
import { swp } from '../../support/swp.js';

const digest = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const HOLDER = 'target/acme/live';

let root: string;
let layout: ScratchLayout;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-scratch-'));
  layout = await openScratch(THIS_MACHINE, root);
  const write = async (path: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'x'.repeat(1_000));
  };
  const { claims, shared, trash } = scratchParts(THIS_MACHINE, layout, 1);
  await claims.claim({ holder: HOLDER, recipeDigest: digest('a'), diskBytes: 1, memoryBytes: 1 });
  for (const digit of ['a', 'b']) {
    await write(join(layout.build(digest(digit)), 'weights.bin'));
    await write(join(layout.seal(digest(digit), digest('9')), 'README.md'));
    await write(layout.uploadJournal(digest(digit), RepoId.parse('acme/live')));
  }
  await write(join(layout.partialBuild(digest('c')), 'half.bin'));
  for (const digit of ['d', 'e']) await shared.use(digest(digit), HOLDER, (directory) => write(join(directory, 'source')));
  await shared.use(digest('e'), 'target/acme/ended', () => Promise.resolve());
  await shared.use(digest('f'), 'target/acme/ended', (directory) => write(join(directory, 'source')));
  await shared.free('target/acme/ended');
  // A worker was killed while it deleted this.
  await write(join(root, 'discarded'));
  await trash.discard(join(root, 'discarded'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const run = (...argv: string[]) => swp(['scratch', ...argv], { cwd: root, env: { SWP_SCRATCH: root, NO_COLOR: '1' } });
interface Item {
  readonly kind: string;
  readonly bytes: number;
  readonly neededBy: readonly string[];
}

describe('swp scratch', () => {
  it('lists every item with its size and the publishes that need it', async () => {
    const { code, out } = await run('list', '--json');
    expect(code).toBe(0);
    const { items } = JSON.parse(out) as { items: Item[] };
    expect(items.map(({ kind, neededBy }) => `${kind} ${neededBy.join()}`).toSorted()).toEqual(
      [
        'build',
        `build ${HOLDER}`,
        'build',
        'seal',
        `seal ${HOLDER}`,
        'upload',
        `upload ${HOLDER}`,
        `shared ${HOLDER}`,
        `shared ${HOLDER}`,
        'shared',
        'trash',
      ]
        .map((line) => (line.includes(' ') ? line : `${line} `))
        .toSorted(),
    );
    expect(items.every(({ bytes }) => bytes === 1_000)).toBe(true);
  });

  it('deletes only the items that no publish needs', async () => {
    const { code, out } = await run('clean');
    expect([code, out]).toEqual([0, 'Deleted 6 items, 6.00 kB; kept 5 items that a publish needs.\n']);
    expect(await readdir(layout.builds)).toEqual([digest('a').slice('sha256:'.length)]);
    expect((await new SharedInputs(THIS_MACHINE, layout).list()).map((input) => input.digest).toSorted()).toEqual([
      digest('d'),
      digest('e'),
    ]);
    expect(await readdir(layout.trash)).toEqual([]);
    expect(await run('clean')).toMatchObject({ code: 9, out: 'Nothing to delete; kept 5 items that a publish needs.\n' });
  });

  it.each([['list'], ['clean']])('%s reports an empty scratch, and does not create it', async (command) => {
    await rm(layout.root, { recursive: true });
    expect(await run(command)).toEqual({ code: 9, out: '', err: `scratch is empty (${layout.root})\n` });
    expect(JSON.parse((await run(command, '--json')).out)).toMatchObject({ scratch: layout.root });
    expect(await readdir(root)).toEqual([]);
  });

  it('deletes nothing in a scratch that others can write to', async () => {
    await chmod(layout.builds, 0o777);
    const { code, err } = await run('clean');
    expect([code, err]).toEqual([3, expect.stringContaining(`${layout.builds} can be written by others (mode 0777)`)]);
    expect(await readdir(layout.builds)).toHaveLength(3);
  });

  it('reports a scratch that is not a directory', async () => {
    await rm(layout.root, { recursive: true });
    await writeFile(layout.root, 'x');
    for (const command of ['list', 'clean'])
      expect(await run(command)).toMatchObject({ code: 3, err: expect.stringContaining(layout.root) });
  });

  it('deletes nothing while a worker runs', async () => {
    const unlock = await lockScratch(THIS_MACHINE.files, layout);
    const { code, err } = await run('clean');
    unlock();
    expect(code).not.toBe(0);
    expect(err).toContain('Stop it first');
    expect(await readdir(layout.builds)).toHaveLength(3);
  });
});
