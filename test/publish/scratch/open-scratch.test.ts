import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../../core/this-machine.js';
import { assertOwnDirectory, checkScratch, openScratch, parentWarning, replaceableBy } from '../../../publish/scratch/open-scratch.js';

let configured: string;
let root: string;
beforeEach(async () => {
  configured = await mkdtemp(join(tmpdir(), 'swp-open-'));
  root = join(configured, 'swp');
});
afterEach(() => rm(configured, { recursive: true, force: true }));

const self = process.getuid!();
const unsafe = (path: string, says: string) => ({
  kind: 'invalid',
  code: 'scratch/unsafe',
  message: expect.stringContaining(`${path} ${says}`),
  hint: expect.any(String),
});

describe('the directory of SWP below SWP_SCRATCH', () => {
  it('is created for this user only, also below a directory that others may write to', async () => {
    await chmod(configured, 0o1777);
    expect((await openScratch(THIS_MACHINE, configured)).root).toBe(root);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
  });

  it('is created together with the configured directory', async () => {
    expect((await openScratch(THIS_MACHINE, join(configured, 'not', 'there'))).root).toBe(join(configured, 'not', 'there', 'swp'));
  });

  it('is made private when others could read it', async () => {
    await mkdir(root, { mode: 0o755 });
    await openScratch(THIS_MACHINE, configured);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
  });

  it('is refused when others may write to it', async () => {
    await mkdir(root);
    await chmod(root, 0o770);
    await expect(openScratch(THIS_MACHINE, configured)).rejects.toMatchObject(unsafe(root, 'can be written by others (mode 0770)'));
  });

  it('is refused when it belongs to another user', async () => {
    await openScratch(THIS_MACHINE, configured);
    await expect(checkScratch({ ...THIS_MACHINE, userId: self + 1 }, root)).rejects.toMatchObject(unsafe(root, `belongs to user ${self}`));
  });

  it('is refused when it is a symbolic link', async () => {
    await mkdir(join(configured, 'elsewhere'), { mode: 0o700 });
    await symlink(join(configured, 'elsewhere'), root);
    await expect(openScratch(THIS_MACHINE, configured)).rejects.toMatchObject(unsafe(root, 'is a symbolic link'));
  });
});

describe('the contents of the scratch', () => {
  beforeEach(async () => {
    await mkdir(join(root, 'builds', 'abc', 'layers'), { recursive: true, mode: 0o700 });
    await writeFile(join(root, 'builds', 'abc', 'layers', 'weights'), 'x');
  });

  it('are accepted as SWP leaves them', async () => {
    await expect(openScratch(THIS_MACHINE, configured)).resolves.toBeDefined();
  });

  it.each([
    ['a directory', 'builds'],
    ['a file far below', join('builds', 'abc', 'layers', 'weights')],
  ])('are refused when others may write to %s', async (_, name) => {
    await chmod(join(root, name), 0o777);
    await expect(openScratch(THIS_MACHINE, configured)).rejects.toMatchObject(
      unsafe(join(root, name), 'can be written by others (mode 0777)'),
    );
  });

  it('are refused when they contain a symbolic link', async () => {
    const planted = join(root, 'builds', 'abc', 'layers', 'planted');
    await symlink('/etc', planted);
    await expect(openScratch(THIS_MACHINE, configured)).rejects.toMatchObject(unsafe(planted, 'is a symbolic link'));
  });
});

describe('a scratch in use', () => {
  it('is refused once its directory belongs to another user or becomes a link', async () => {
    const layout = await openScratch(THIS_MACHINE, configured);
    await expect(assertOwnDirectory(THIS_MACHINE, layout.root)).resolves.toBeUndefined();
    await expect(assertOwnDirectory({ ...THIS_MACHINE, userId: self + 1 }, layout.root)).rejects.toMatchObject({ code: 'scratch/unsafe' });
    await rm(root, { recursive: true });
    await mkdir(join(configured, 'elsewhere'), { mode: 0o700 });
    await symlink(join(configured, 'elsewhere'), root);
    await expect(assertOwnDirectory(THIS_MACHINE, layout.root)).rejects.toMatchObject({ code: 'scratch/unsafe' });
  });
});

describe('the parent directory', () => {
  it.each([
    ['only this user may write to it', 0o700, 1000, null],
    ['a group may write to it', 0o2775, 1000, null],
    ['root owns it', 0o1777, 0, null],
    ['everyone may write to it, with the sticky bit', 0o1777, 1000, null],
    ['everyone may write to it', 0o777, 1000, 'anyone on this machine'],
    ['another user owns it', 0o1777, 1001, 'user 1001'],
  ])('determines which others may replace the scratch when %s', (_, mode, uid, others) => {
    expect(replaceableBy({ mode, uid }, 1000)).toBe(others);
  });

  it('is named in the warning', async () => {
    expect(await parentWarning(THIS_MACHINE, configured)).toBeNull();
    await chmod(configured, 0o777);
    expect(await parentWarning(THIS_MACHINE, configured)).toContain(`${configured} lets anyone on this machine replace the scratch`);
  });
});

describe('an unusable scratch', () => {
  it.each([
    ['a file in place of its directory', () => writeFile(root, 'x'), 'scratch/not-a-directory'],
    [
      'a file in place of the configured directory',
      () => rm(configured, { recursive: true }).then(() => writeFile(configured, 'x')),
      'scratch/not-a-directory',
    ],
  ])('is refused at startup: %s', async (_, spoil, code) => {
    await spoil();
    await expect(openScratch(THIS_MACHINE, configured)).rejects.toMatchObject({
      kind: 'invalid',
      code,
      message: expect.stringContaining('is not a directory'),
    });
  });
});
