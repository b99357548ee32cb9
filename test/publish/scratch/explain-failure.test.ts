import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainFailure, refuseAtStart } from '../../../publish/scratch/explain-failure.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swp-failures-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const failure = (code: string, path?: string, syscall = 'open'): Error =>
  Object.assign(new Error(`${code}: failed, ${syscall}`), { code, syscall, ...(path === undefined ? {} : { path }) });

describe('a failure of the file system below scratch', () => {
  it.each([
    ['ENOSPC', 'quota', 'scratch/full', 'is full'],
    ['EDQUOT', 'quota', 'scratch/full', 'is full'],
    ['EROFS', 'invalid', 'scratch/read-only', 'read-only'],
    ['EACCES', 'invalid', 'scratch/no-access', 'may not'],
    ['EPERM', 'invalid', 'scratch/no-access', 'may not'],
    ['ENOTDIR', 'invalid', 'scratch/not-a-directory', 'is not a directory'],
    ['EIO', 'invalid', 'scratch/io', 'kernel'],
    ['ENOLCK', 'invalid', 'scratch/no-locks', 'locks'],
  ])('%s says what is wrong and what to do', (code, kind, known, says) => {
    const explained = explainFailure(failure(code, join(root, 'builds')), root);
    expect(explained).toMatchObject({ kind, code: known, hint: expect.stringMatching(/\.$/) });
    const { message, hint } = explained as { message: string; hint: string };
    expect(`${message} ${hint}`).toContain(says);
    expect(message).toContain(root);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])('%s of a file that is open names no path, and is known all the same', (code) => {
    expect(explainFailure(failure(code), root)).toHaveProperty('hint');
  });

  it('is one of a directory only where a directory was to be made', () => {
    expect(explainFailure(failure('EEXIST', join(root, 'builds'), 'mkdir'), root)).toMatchObject({ code: 'scratch/not-a-directory' });
    const other = failure('EEXIST', join(root, 'builds'));
    expect(explainFailure(other, root)).toBe(other);
  });

  it('is a missing scratch only where that is gone', async () => {
    const one = failure('ENOENT', join(root, 'builds', 'x'));
    expect(explainFailure(one, root)).toBe(one);
    const gone = join(root, 'gone');
    expect(explainFailure(failure('ENOENT', join(gone, 'x')), gone)).toMatchObject({ kind: 'invalid', code: 'scratch/missing' });
  });

  it('is not one elsewhere, nor one of a directory whose name begins alike', () => {
    for (const path of ['/usr/bin/larql', `${root}-2/x`]) {
      const error = failure('EACCES', path);
      expect(explainFailure(error, root)).toBe(error);
    }
  });

  it('is nothing else: an error that SWP has explained, or of no file, stays as it is', () => {
    for (const error of [new Error('x'), 'x', failure('ECONNRESET')]) expect(explainFailure(error, root)).toBe(error);
  });
});

describe('at the start', () => {
  it('every failure of the file system is one of the settings', () => {
    for (const code of ['ENOSPC', 'EROFS', 'EACCES', 'ENAMETOOLONG'])
      expect(refuseAtStart(failure(code, join(root, 'x')), root)).toMatchObject({
        kind: 'invalid',
        code: expect.stringContaining('scratch/'),
      });
    const bug = new TypeError('x is undefined');
    expect(refuseAtStart(bug, root)).toBe(bug);
  });
});

describe('a disk without inodes', () => {
  it('is distinguished from a full one', () => {
    const noInodes = () => ({ files: 1000, ffree: 0 });
    expect(explainFailure(failure('ENOSPC', join(root, 'x')), root, noInodes)).toMatchObject({
      kind: 'quota',
      code: 'scratch/no-inodes',
      message: expect.stringContaining('no inodes left'),
    });
    const unmade = join(root, 'not', 'made');
    expect(explainFailure(failure('ENOSPC', unmade), unmade, noInodes)).toMatchObject({ code: 'scratch/no-inodes' });
    const uncounted = () => ({ files: 0, ffree: 0 });
    expect(explainFailure(failure('ENOSPC', join(root, 'x')), root, uncounted)).toMatchObject({ code: 'scratch/full' });
  });
});
