import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { projectRoot } from '../../../dev/temporal/project.js';
import { swp } from '../../support/swp.js';
import { fakeProgram } from '../../support/temporal-fakes.js';

const PROGRAM = join(projectRoot(), 'dist', 'client', 'main.js');

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-completion-'));
  const sidecar = (key: string): string =>
    `  - key: ${key}\n    tier: odd\n    mtp_source_repo: labs/${key}\n    mtp_sidecar_repo: acme/${key}-mtp\n`;
  await writeFile(
    join(cwd, 'skulk-weights.yaml'),
    'include_foxlight: false\nsources:\n  - name: acme\n    path: mine.yaml\n  - name: apart\n    path: other.yaml\n',
  );
  await writeFile(join(cwd, 'mine.yaml'), `models:\n${sidecar('one')}${sidecar('only')}`);
  await writeFile(join(cwd, 'other.yaml'), 'models: []\n');
  await writeFile(join(cwd, 'none.yaml'), 'include_foxlight: false\n');
  await writeFile(join(cwd, 'broken.yaml'), 'sources: [\n');
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

// The completion library prints with console.log.
let printed: MockInstance<typeof console.log>;
beforeEach(() => {
  printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterEach(() => printed.mockRestore());

/** The suggestions for the last word, without the descriptions and the line for the shell. */
const suggested = async (...words: string[]): Promise<string[]> => {
  expect(await swp(['complete', '--', ...words], { cwd })).toMatchObject({ code: 0, err: '' });
  return printed.mock.calls
    .map(([line]) => String(line))
    .filter((line) => !line.startsWith(':'))
    .map((line) => line.split('\t')[0] ?? '');
};

describe('suggestions', () => {
  it.each([
    ['commands', ['sta'], ['start', 'status']],
    ['commands of a command', ['catalog', 's'], ['show', 'sources']],
    ['the command that prints the script', ['comple'], ['completion']],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    [
      'flags',
      ['start', 'acme/one', '--'],
      ['--only', '--dry-run', '--watch', '--until-attention', '--review-artifacts', '--as', '--help', '--json', '--catalog'],
    ],
    ['the values of a flag', ['catalog', 'add', 'labs/x', '--quant', ''], ['q4k', 'none']],
    ['entries', ['start', 'acme/on'], ['acme/one', 'acme/only']],
    ['entries after a flag', ['start', '--dry-run', 'acme/one'], ['acme/one']],
    ['entries of the catalog of --catalog', ['start', '--catalog', 'none.yaml', ''], []],
    ['no entries of a catalog with mistakes', ['--catalog', 'broken.yaml', 'start', ''], []],
    ['sources', ['catalog', 'add', 'labs/x', '--source', 'a'], ['acme', 'apart']],
    ['nothing for free text', ['catalog', 'add', ''], []],
  ] as [string, string[], string[]][])('are %s', async (_, words, expected) => {
    expect(await suggested(...words)).toEqual(expected);
  });

  it.each(['plan', 'approve', 'reject', 'status', 'retry', 'move', 'abandon', 'cancel'])('are entries for %s', async (command) => {
    expect(await suggested(command, '')).toEqual(['acme/one', 'acme/only']);
  });
});

/** Returns true if this machine has the shell; bash is always present. */
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** Runs lines in a shell without user settings that has loaded the script twice; `swp` is the built program. */
const inShell = async (shell: 'bash' | 'zsh' | 'fish', ...lines: string[]) => {
  const flags = { bash: ['--norc', '--noprofile'], zsh: ['-f'], fish: ['--no-config'] }[shell];
  await fakeProgram(join(cwd, 'bin', 'swp'), `exec '${process.execPath}' '${PROGRAM}' "$@"`);
  const load = shell === 'fish' ? 'swp completion fish | source' : `source <(swp completion ${shell})`;
  return execa(shell, [...flags, '-c', [load, load, ...lines].join('\n')], {
    cwd,
    env: { PATH: `${join(cwd, 'bin')}:${process.env['PATH']}`, HOME: cwd },
    extendEnv: false,
  });
};

/** The suggestions of bash: calls the function that the script registers. */
const inBash = async (...words: string[]): Promise<string> => {
  const quoted = ['swp', ...words].map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = await inShell(
    'bash',
    `COMP_WORDS=(${quoted})`,
    `COMP_CWORD=${words.length}`,
    '_swp 2>/dev/null',
    'echo "${COMPREPLY[@]}"',
  );
  expect(stderr).toBe('');
  return stdout;
};

describe('swp completion', () => {
  it('loads twice into a bash without user settings', async () => {
    expect(await inBash('sta')).toBe('start status');
    expect(await inBash('start', 'acme/on')).toBe('acme/one acme/only');
    expect(await inBash('start', '--dry-run', '')).toBe('acme/one acme/only');
    expect(await inBash('start', 'none')).toBe('');
  });

  it('never executes typed words', async () => {
    await inBash('start', '$(touch pwned)');
    await inBash('start', '; touch pwned;');
    await inBash('start', '`touch pwned`');
    expect(await readdir(cwd)).not.toContain('pwned');
  });

  it.skipIf(!has('zsh'))('loads twice into a zsh without user settings', async () => {
    const { stdout, stderr } = await inShell('zsh', 'print -r -- ${_comps[swp]}');
    expect([stdout, stderr]).toEqual(['_swp', '']);
  });

  it.skipIf(!has('fish'))('loads twice into a fish without user settings', async () => {
    const { stdout, stderr } = await inShell('fish', 'complete --do-complete "swp sta"', 'complete --do-complete "swp start acme/on"');
    expect(stderr).toBe('');
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(['start', 'status', 'acme/one', 'acme/only']);
  });

  it('refuses another shell', async () => {
    expect(await swp(['completion', 'tea'], { cwd })).toMatchObject({
      code: 2,
      err: expect.stringContaining('Allowed choices are bash, zsh, fish'),
    });
  });
});
