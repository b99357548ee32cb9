import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { findLarql } from '../../larql/find-larql.js';
import { sha256Of } from '../../core/digests.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-larql-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const program = async (path: string, text = '#!/bin/sh\n', mode = 0o755): Promise<string> => {
  const whole = join(directory, path);
  await mkdir(join(whole, '..'), { recursive: true });
  await writeFile(whole, text);
  await chmod(whole, mode);
  return whole;
};

describe('the larql of a machine', () => {
  it('is the program that SWP_LARQL names, with its digest', async () => {
    const path = await program('here/larql-2', '#!/bin/sh\necho 2\n');
    await program('there/larql');
    expect(await findLarql(THIS_MACHINE.files, { SWP_LARQL: path, PATH: join(directory, 'there') })).toEqual({
      path,
      sha256: sha256Of('#!/bin/sh\necho 2\n'),
    });
  });

  it('is otherwise the first executable file on PATH', async () => {
    await program('a/larql', 'text', 0o644);
    await mkdir(join(directory, 'b/larql'), { recursive: true });
    const path = await program('c/larql');
    await program('d/larql');
    const PATH = ['a', 'b', 'c', 'd'].map((name) => join(directory, name)).join(':');
    expect((await findLarql(THIS_MACHINE.files, { PATH }))?.path).toBe(path);
  });

  it('is never taken from the working directory', async () => {
    await program('larql');
    const before = process.cwd();
    process.chdir(directory);
    try {
      expect(await findLarql(THIS_MACHINE.files, { PATH: ':.:' })).toBeNull();
    } finally {
      process.chdir(before);
    }
  });

  it('is null when there is none', async () => {
    expect(await findLarql(THIS_MACHINE.files, { PATH: directory })).toBeNull();
    expect(await findLarql(THIS_MACHINE.files, {})).toBeNull();
  });

  it('is an error when SWP_LARQL does not name an executable file', async () => {
    await expect(findLarql(THIS_MACHINE.files, { SWP_LARQL: join(directory, 'none') })).rejects.toMatchObject({
      code: 'larql/not-executable',
    });
    await expect(findLarql(THIS_MACHINE.files, { SWP_LARQL: await program('text', 'x', 0o644) })).rejects.toMatchObject({
      code: 'larql/not-executable',
    });
    await expect(findLarql(THIS_MACHINE.files, { SWP_LARQL: directory })).rejects.toMatchObject({ code: 'larql/not-executable' });
  });
});
