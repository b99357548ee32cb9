import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { explainFailure, refuseAtStart } from '../../../publish/scratch/explain-failure.js';
import { machineWithDisk } from '../../support/machine.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-failures-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const failure = (code: string, path?: string, syscall = 'open'): Error =>
  Object.assign(new Error(`${code}: failed, ${syscall}`), { code, syscall, ...(path === undefined ? {} : { path }) });

describe('explaining a file system failure', () => {
  it.each([
    ['ENOSPC', 'quota', 'scratch/full', 'is full'],
    ['EDQUOT', 'quota', 'scratch/full', 'is full'],
    ['EROFS', 'invalid', 'scratch/read-only', 'read-only'],
    ['EACCES', 'invalid', 'scratch/no-access', 'no access'],
    ['EPERM', 'invalid', 'scratch/no-access', 'no access'],
    ['ENOTDIR', 'invalid', 'scratch/not-a-directory', 'is not a directory'],
    ['EIO', 'invalid', 'scratch/io', 'kernel'],
    ['ENOLCK', 'invalid', 'scratch/no-locks', 'locks'],
  ])('explains %s with a message and a hint', async (code, kind, known, says) => {
    const explained = await explainFailure(THIS_MACHINE.files, failure(code, join(root, 'builds')), root);
    expect(explained).toMatchObject({ kind, code: known, hint: expect.stringMatching(/\.$/) });
    const { message, hint } = explained as { message: string; hint: string };
    expect(`${message} ${hint}`).toContain(says);
    expect(message).toContain(root);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])('explains %s of an open file, which names no path', async (code) => {
    expect(await explainFailure(THIS_MACHINE.files, failure(code), root)).toHaveProperty('hint');
  });

  it('explains EEXIST only for mkdir', async () => {
    expect(await explainFailure(THIS_MACHINE.files, failure('EEXIST', join(root, 'builds'), 'mkdir'), root)).toMatchObject({
      code: 'scratch/not-a-directory',
    });
    const other = failure('EEXIST', join(root, 'builds'));
    expect(await explainFailure(THIS_MACHINE.files, other, root)).toBe(other);
  });

  it('reports a missing scratch only when the scratch itself is gone', async () => {
    const one = failure('ENOENT', join(root, 'builds', 'x'));
    expect(await explainFailure(THIS_MACHINE.files, one, root)).toBe(one);
    const gone = join(root, 'gone');
    expect(await explainFailure(THIS_MACHINE.files, failure('ENOENT', join(gone, 'x')), gone)).toMatchObject({
      kind: 'invalid',
      code: 'scratch/missing',
    });
  });

  it('returns an error of a path outside scratch unchanged, also of one with the same prefix', async () => {
    for (const path of ['/usr/bin/larql', `${root}-2/x`]) {
      const error = failure('EACCES', path);
      expect(await explainFailure(THIS_MACHINE.files, error, root)).toBe(error);
    }
  });

  it('returns an error of another kind unchanged', async () => {
    for (const error of [new Error('x'), 'x', failure('ECONNRESET')])
      expect(await explainFailure(THIS_MACHINE.files, error, root)).toBe(error);
  });
});

describe('refusing a failure at startup', () => {
  it('reports a file system failure as an invalid setting', async () => {
    for (const code of ['ENOSPC', 'EROFS', 'EACCES', 'ENAMETOOLONG'])
      expect(await refuseAtStart(THIS_MACHINE.files, failure(code, join(root, 'x')), root)).toMatchObject({
        kind: 'invalid',
        code: expect.stringContaining('scratch/'),
      });
    const bug = new TypeError('x is undefined');
    expect(await refuseAtStart(THIS_MACHINE.files, bug, root)).toBe(bug);
  });
});

describe('a disk without inodes', () => {
  it('is distinguished from a full one', async () => {
    const noInodes = machineWithDisk(() => 0, { files: 1000, ffree: 0 }).files;
    expect(await explainFailure(noInodes, failure('ENOSPC', join(root, 'x')), root)).toMatchObject({
      kind: 'quota',
      code: 'scratch/no-inodes',
      message: expect.stringContaining('no inodes left'),
    });
    const unmade = join(root, 'not', 'made');
    expect(await explainFailure(noInodes, failure('ENOSPC', unmade), unmade)).toMatchObject({ code: 'scratch/no-inodes' });
    const uncounted = machineWithDisk(() => 0, { files: 0, ffree: 0 }).files;
    expect(await explainFailure(uncounted, failure('ENOSPC', join(root, 'x')), root)).toMatchObject({ code: 'scratch/full' });
  });
});
