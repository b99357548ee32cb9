import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { projectRoot } from '../../dev/temporal/project.js';

const REQUIREMENTS = fileURLToPath(new URL('python-requirements.txt', import.meta.url));

const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);

const install = async (directory: string): Promise<void> => {
  try {
    await execa('python3', ['-m', 'venv', directory]);
  } catch (cause) {
    throw new Error('python3 -m venv failed: on Debian and Ubuntu install the package python3-venv.', { cause });
  }
  await execa(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--requirement', REQUIREMENTS]);
};

/**
 * The Python of a virtual environment with the official `safetensors` and `huggingface_hub`, made once.
 * A venv cannot be moved, so it is made in its place and marked ready by a file; who finds one half made by
 * somebody else makes its own under another name first and the last mark wins.
 */
export const pythonEnvironment = async (): Promise<string> => {
  const digest = createHash('sha256').update(await readFile(REQUIREMENTS)).digest('hex').slice(0, 16);
  const tools = join(projectRoot(), '.tools');
  const pointer = join(tools, `python-${digest}`);
  const ready = join(pointer, 'bin', 'python');
  if (await exists(join(pointer, 'ready'))) return ready;
  await mkdir(tools, { recursive: true });
  const lock = `${pointer}.lock`;
  for (;;) {
    const mine = await mkdir(lock).then(() => true, () => false);
    if (mine) break;
    if (await exists(join(pointer, 'ready'))) return ready;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    if (await exists(join(pointer, 'ready'))) return ready;
    await rm(pointer, { recursive: true, force: true });
    await install(pointer);
    const mark = join(tools, randomUUID());
    await mkdir(mark);
    await rename(mark, join(pointer, 'ready'));
    return ready;
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
};
