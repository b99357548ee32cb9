import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { projectRoot } from '../../dev/temporal/project.js';

const REQUIREMENTS = fileURLToPath(new URL('python-requirements.txt', import.meta.url));

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const install = async (directory: string): Promise<void> => {
  try {
    await execa('python3', ['-m', 'venv', directory]);
  } catch (cause) {
    throw new Error('python3 -m venv failed: on Debian and Ubuntu install the package python3-venv.', { cause });
  }
  await execa(join(directory, 'bin', 'python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary=:all:',
    '--requirement',
    REQUIREMENTS,
  ]);
};

/** Written last: a virtual environment without it is incomplete. */
const READY = 'ready';
const POLL_MS = 200;

/** The Python of a virtual environment with the official `safetensors` and `huggingface_hub`, made once for all test processes. */
export const pythonEnvironment = async (): Promise<string> => {
  const digest = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 16);
  const directory = join(projectRoot(), '.tools', `python-${digest}`);
  const python = join(directory, 'bin', 'python');
  const lock = `${directory}.lock`;
  await mkdir(dirname(lock), { recursive: true });
  while (!(await exists(join(directory, READY)))) {
    const isLockHolder = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!isLockHolder) {
      await delay(POLL_MS);
      continue;
    }
    try {
      await rm(directory, { recursive: true, force: true });
      await install(directory);
      await writeFile(join(directory, READY), '');
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return python;
};
