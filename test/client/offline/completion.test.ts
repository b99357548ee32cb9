import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { swp } from '../../support/swp.js';

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

// What prints is a library, on the console.
let printed: MockInstance<typeof console.log>;
beforeEach(() => {
  printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterEach(() => printed.mockRestore());

/** What is suggested for the last word, without the descriptions and the line for the shell. */
const suggested = async (...words: string[]): Promise<string[]> => {
  expect(await swp(['complete', '--', ...words], { cwd })).toMatchObject({ code: 0, err: '' });
  return printed.mock.calls
    .map(([line]) => String(line))
    .filter((line) => !line.startsWith(':'))
    .map((line) => line.split('\t')[0] ?? '');
};

describe('what is suggested', () => {
  it.each([
    ['commands', ['sta'], ['start', 'status']],
    ['commands of a command', ['catalog', 's'], ['show', 'sources']],
    ['the command that prints the script', ['comple'], ['completion']],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    [
      'flags',
      ['start', 'acme/one', '--'],
      ['--only', '--dry-run', '--watch', '--review-artifacts', '--as', '--help', '--json', '--catalog'],
    ],
    ['what a flag takes', ['catalog', 'add', 'labs/x', '--quant', ''], ['q4k', 'none']],
    ['entries', ['start', 'acme/on'], ['acme/one', 'acme/only']],
    ['entries behind a flag', ['start', '--dry-run', 'acme/one'], ['acme/one']],
    ['entries of the catalog that is named', ['start', '--catalog', 'none.yaml', ''], []],
    ['no entries of a catalog with mistakes', ['--catalog', 'broken.yaml', 'start', ''], []],
    ['sources', ['catalog', 'add', 'labs/x', '--source', 'a'], ['acme', 'apart']],
    ['nothing for what only its user knows', ['catalog', 'add', ''], []],
  ] as [string, string[], string[]][])('is %s', async (_, words, expected) => {
    expect(await suggested(...words)).toEqual(expected);
  });

  it.each(['plan', 'approve', 'reject', 'status', 'retry', 'move', 'abandon', 'cancel'])('is entries for %s', async (command) => {
    expect(await suggested(command, '')).toEqual(['acme/one', 'acme/only']);
  });
});

describe('swp completion', () => {
  it.each(['bash', 'zsh', 'fish'])('prints a script for %s that asks swp', async (shell) => {
    expect(await swp(['completion', shell], { cwd })).toMatchObject({ code: 0, err: '' });
    expect(String(printed.mock.calls[0]?.[0])).toMatch(/swp complete --/);
  });

  it('prints a script that bash can load', async () => {
    await swp(['completion', 'bash'], { cwd });
    expect((await execa('bash', ['-n'], { input: String(printed.mock.calls[0]?.[0]), reject: false })).stderr).toBe('');
  });

  it('of another shell is refused', async () => {
    expect(await swp(['completion', 'tea'], { cwd })).toMatchObject({
      code: 2,
      err: expect.stringContaining('Allowed choices are bash, zsh, fish'),
    });
  });
});
