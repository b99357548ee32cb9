import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { appendEntry } from '../../../catalog/append-entry.js';
import { parseSourceFile } from '../../../catalog/source-file.js';
import { swp } from '../../support/swp.js';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-init-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) => swp(argv, { cwd, env: { NO_COLOR: '1', ...env } });
const init = (...argv: string[]) => run(['catalog', 'init', ...argv]);
const text = (...path: string[]): Promise<string> => readFile(join(cwd, ...path), 'utf8');

describe('swp catalog init', () => {
  it.each([
    ['help', ['--help']],
    ['here', ['--source', 'acme']],
    ['there', ['--source', 'acme', 'deep/there', '--json']],
    ['no-terminal', []],
    ['bad-name', ['--source', 'Acme']],
    ['foxlight', ['--source', 'foxlight']],
  ] as [string, string[]][])('prints the golden %s', async (name, argv) => {
    const { code, out, err } = await init(...argv);
    const shown = `exit ${code}\n--- stdout\n${out}--- stderr\n${err}`.replaceAll(cwd, '<cwd>');
    await expect(shown).toMatchFileSnapshot(`goldens/catalog-init-${name}.txt`);
  });

  it('writes a settings file and a catalog', async () => {
    await init('--source', 'acme');
    await expect(await text('skulk-weights.yaml')).toMatchFileSnapshot('goldens/catalog-init-settings.yaml');
    await expect(await text('catalog.yaml')).toMatchFileSnapshot('goldens/catalog-init-catalog.yaml');
  });

  it('writes a valid catalog without entries', async () => {
    await init('--source', 'acme');
    expect(await run(['catalog', 'validate'])).toMatchObject({ code: 0, out: '0 entries in 1 source: all valid\n' });
  });

  it('shows a valid example entry in its comments', async () => {
    await init('--source', 'acme');
    const example = /^# models:\n(?:#.*\n)+?(?=#\n)/m.exec(await text('catalog.yaml'))?.[0].replaceAll(/^# ?/gm, '') ?? '';
    expect(parseSourceFile('example.yaml', example)).toMatchObject({ problems: [], entries: [{ entry: { key: 'qwen3-5-9b-base-mtp' } }] });
  });

  it('writes a catalog that takes new entries above its comments', async () => {
    await init('--source', 'acme');
    const entry = { key: 'a', tier: 'smoke', mtp_source_repo: 'labs/a', mtp_sidecar_repo: 'acme/a' };
    const after = appendEntry(await text('catalog.yaml'), entry);
    expect(after).toMatch(/\nmodels:\n {2}- key: a\n(?: {4}.*\n){3}\n# Example of an entry written by hand/);
    expect(parse(after)).toEqual({ models: [entry] });
  });

  it.each(['skulk-weights.yaml', 'catalog.yaml'])('never overwrites an existing %s', async (name) => {
    await writeFile(join(cwd, name), 'mine\n');
    const { code, err } = await init('--source', 'acme');
    expect([code, err]).toEqual([1, expect.stringContaining(`${name} already exists; nothing was written.`)]);
    expect(await readdir(cwd)).toEqual([name]);
    expect(await text(name)).toBe('mine\n');
  });

  it('leaves nothing behind when the directory cannot be created', async () => {
    await mkdir(join(cwd, 'closed'));
    await writeFile(join(cwd, 'closed', 'file'), '');
    const { code, err } = await init('--source', 'acme', 'closed/file/below');
    expect([code, err]).toEqual([6, expect.stringContaining('cannot be written')]);
    expect(await readdir(join(cwd, 'closed'))).toEqual(['file']);
  });

  it('says that SWP_CATALOG still names another catalog', async () => {
    const { err } = await run(['catalog', 'init', '--source', 'acme'], { SWP_CATALOG: 'elsewhere.yaml' });
    expect(err).toContain('Commands still use elsewhere.yaml');
  });
});
