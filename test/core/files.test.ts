import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listOrEmpty, makeDirectory } from '../../core/files.js';
import { THIS_MACHINE } from '../../core/this-machine.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-files-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('making a directory', () => {
  it('makes its parents too, each only for this user, and accepts an existing directory', async () => {
    const path = join(directory, 'a', 'b', 'c');
    await Promise.all([makeDirectory(THIS_MACHINE.files, path), makeDirectory(THIS_MACHINE.files, path)]);
    await makeDirectory(THIS_MACHINE.files, path);
    for (const made of [path, join(directory, 'a')]) expect((await stat(made)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['a file in its place', 'file', 'EEXIST'],
    ['a file above it', join('file', 'below'), 'ENOTDIR'],
    ['a link to nothing in its place', 'link', 'EEXIST'],
    ['a link to nothing above it', join('link', 'below'), 'EEXIST'],
  ])('fails with the system error for %s', async (_what, name, code) => {
    await writeFile(join(directory, 'file'), 'x');
    await symlink(join(directory, 'nowhere'), join(directory, 'link'));
    await expect(makeDirectory(THIS_MACHINE.files, join(directory, name))).rejects.toMatchObject({ code });
  });
});

it('listing a missing directory returns no names, and listing a file fails', async () => {
  expect(await listOrEmpty(THIS_MACHINE.files, join(directory, 'none'))).toEqual([]);
  await writeFile(join(directory, 'file'), 'x');
  await expect(listOrEmpty(THIS_MACHINE.files, join(directory, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});
