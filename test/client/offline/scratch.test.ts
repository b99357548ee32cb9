import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Claims } from '../../../activities/scratch/claims.js';
import { ScratchLayout } from '../../../activities/scratch/layout.js';
import { SharedInputs } from '../../../activities/scratch/shared.js';
import { Digest, RepoId } from '../../../core/ids.js';
import { lockScratch } from '../../../worker/scratch-lock.js';
import { swp } from '../../support/swp.js';

const digest = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const HOLDER = 'target/acme/live';

let root: string;
let layout: ScratchLayout;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-scratch-'));
  layout = new ScratchLayout(root);
  const write = async (path: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'x'.repeat(1_000));
  };
  await new Claims(layout, 1).claim({ holder: HOLDER, recipeDigest: digest('a'), diskBytes: 1, memoryBytes: 1 });
  for (const of of ['a', 'b']) {
    await write(join(layout.build(digest(of)), 'weights.bin'));
    await write(join(layout.seal(digest(of), digest('9')), 'README.md'));
    await write(layout.uploadJournal(digest(of), RepoId.parse('acme/live')));
  }
  await write(join(layout.partialBuild(digest('c')), 'half.bin'));
  const shared = new SharedInputs(layout);
  for (const of of ['d', 'e']) await shared.use(digest(of), HOLDER, (directory) => write(join(directory, 'source')));
  await shared.use(digest('e'), 'target/acme/ended', () => Promise.resolve());
  await shared.use(digest('f'), 'target/acme/ended', (directory) => write(join(directory, 'source')));
  await shared.release('target/acme/ended');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const run = (...argv: string[]) => swp(['scratch', ...argv], { cwd: root, env: { SWP_SCRATCH: root, NO_COLOR: '1' } });
interface Item {
  readonly what: string;
  readonly bytes: number;
  readonly neededBy: readonly string[];
}

describe('swp scratch', () => {
  it('lists what is there, its size and who needs it', async () => {
    const { code, out } = await run('list', '--json');
    expect(code).toBe(0);
    const { items } = JSON.parse(out) as { items: Item[] };
    expect(items.map(({ what, neededBy }) => `${what} ${neededBy.join()}`).toSorted()).toEqual(
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
      ]
        .map((line) => (line.includes(' ') ? line : `${line} `))
        .toSorted(),
    );
    expect(items.every(({ bytes }) => bytes === 1_000)).toBe(true);
  });

  it('deletes what no publish needs, and nothing else', async () => {
    const { code, out } = await run('clean');
    expect([code, out]).toEqual([0, 'Deleted 5 things, 5.00 kB; kept 5 that a publish needs.\n']);
    expect(await readdir(layout.builds)).toEqual([digest('a').slice('sha256:'.length)]);
    expect((await new SharedInputs(layout).list()).map((input) => input.digest).toSorted()).toEqual([digest('d'), digest('e')]);
    expect((await run('clean')).code).toBe(9);
  });

  it('deletes nothing under a worker that runs', async () => {
    const unlock = await lockScratch(layout);
    const { code, err } = await run('clean');
    unlock();
    expect(code).not.toBe(0);
    expect(err).toContain('Stop it first');
    expect(await readdir(layout.builds)).toHaveLength(3);
  });
});
