import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sha256 } from '../../core/ids.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { blasOf } from '../../larql/blas.js';
import { sha256Of } from '../../core/digests.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-blas-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const program = { path: '/opt/larql', sha256: Sha256.parse('0'.repeat(64)) };
/** Finds the BLAS with a loader that prints these lines. */
const blasWithLoader = async (lines: readonly string[], exitCode = 0) => {
  const path = join(directory, 'ldd');
  await writeFile(path, `#!/bin/sh\ncat <<'END'\n${lines.join('\n')}\nEND\nexit ${exitCode}\n`);
  await chmod(path, 0o755);
  return blasOf(THIS_MACHINE, program, { PATH: `${directory}:/usr/bin:/bin` });
};
const LIBC = '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fdb74360000)';

describe('the BLAS of a larql', () => {
  it('is the library that the loader finds, with the digest of its bytes behind a link', async () => {
    await writeFile(join(directory, 'libopenblas-r0.3.21.so'), 'the library');
    await symlink(join(directory, 'libopenblas-r0.3.21.so'), join(directory, 'libopenblas.so.0'));
    const found = await blasWithLoader([LIBC, `\tlibopenblas.so.0 => ${join(directory, 'libopenblas.so.0')} (0x00007fdb70000000)`]);
    expect(found).toEqual({ name: 'libopenblas.so.0', sha256: sha256Of('the library') });
  });

  it.each([
    ['it is linked into the program', [LIBC], 0],
    ['it cannot be found', [LIBC, '\tlibopenblas.so.0 => not found'], 0],
    ['the program is a script', ['\tnot a dynamic executable'], 1],
  ])('is null when %s', async (_, lines, exitCode) => {
    expect(await blasWithLoader(lines, exitCode)).toBeNull();
  });

  it('is null without a loader', async () => {
    expect(await blasOf(THIS_MACHINE, program, { PATH: directory })).toBeNull();
  });
});
