import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planAddition, writeAddition } from '../../catalog/add-entry.js';
import { sourceDefaults } from '../../catalog/source-defaults.js';
import { loadCatalog } from '../../catalog/load.js';

const MINE = `# Ours.
models:
  - key: one # the first
    tier: smoke
    mtp_source_repo: labs/one
    mtp_sidecar_repo: acme/one-mtp
`;
const ENTRY = { key: 'two', tier: 'smoke', mtp_source_repo: 'labs/two', mtp_sidecar_repo: 'acme/two-mtp' };

let cwd: string;
let file: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-add-'));
  file = join(cwd, 'mine.yaml');
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'sources:\n  - name: acme\n    path: mine.yaml\n');
  await writeFile(file, MINE);
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const plan = async (fields: Record<string, unknown> = ENTRY, source = 'acme') =>
  planAddition({ cwd }, await loadCatalog({ cwd }), source, fields);

describe('an addition', () => {
  it('is written below the existing entries and is then in the catalog', async () => {
    const addition = await plan();
    expect(addition.added).toMatchObject({ name: 'acme/two', file, line: 7 });
    await writeAddition(addition);
    expect(await readFile(file, 'utf8')).toBe(
      `${MINE}  - key: two\n    tier: smoke\n    mtp_source_repo: labs/two\n    mtp_sidecar_repo: acme/two-mtp\n`,
    );
    expect((await loadCatalog({ cwd })).entries.get('acme/two')?.entry).toEqual(ENTRY);
  });

  it('leaves the file unchanged before it is written', async () => {
    await plan();
    expect(await readFile(file, 'utf8')).toBe(MINE);
  });

  it.each([
    ['a key that is taken', { ...ENTRY, key: 'one' }, 'key: one is already used'],
    ['the sidecar of another model', { ...ENTRY, mtp_sidecar_repo: 'acme/one-mtp' }, 'mtp_source_repo: differs from acme/one'],
    ['a target that the built-in entries have', { ...ENTRY, mtp_sidecar_repo: 'FoxlightAI/qwen3-5-9b-base-mtp' }, 'differs from foxlight/'],
    ['a target that another entry reads', { ...ENTRY, mtp_sidecar_repo: 'labs/one' }, 'a target must never be a source'],
    ['an unknown field', { ...ENTRY, colour: 'red' }, 'colour: unknown field'],
    ['an invalid repository name', { ...ENTRY, mtp_sidecar_repo: 'acme' }, 'mtp_sidecar_repo: must look like owner/name'],
    ['both drafters', { ...ENTRY, assistant_model_repo: 'labs/three' }, 'cannot be combined with the MTP fields'],
  ])('with %s is refused and leaves the file unchanged', async (_, fields, message) => {
    await expect(plan(fields)).rejects.toMatchObject({
      code: 'catalog/entry-refused',
      kind: 'invalid',
      message: expect.stringContaining(message),
    });
    expect(await readFile(file, 'utf8')).toBe(MINE);
  });

  it.each(['foxlight', 'nobody'])('to the source %s is refused', async (source) => {
    await expect(plan(ENTRY, source)).rejects.toMatchObject({ code: 'catalog/unknown-source' });
  });

  it('is not written to a file that changed in the meantime', async () => {
    const addition = await plan();
    await writeFile(file, `${MINE}# More.\n`);
    await expect(writeAddition(addition)).rejects.toMatchObject({ code: 'catalog/changed' });
    expect(await readFile(file, 'utf8')).toBe(`${MINE}# More.\n`);
  });

  it('leaves no other file behind', async () => {
    await writeAddition(await plan());
    expect((await readdir(cwd)).toSorted()).toEqual(['mine.yaml', 'skulk-weights.yaml']);
  });

  it("keeps the file's mode", async () => {
    await chmod(file, 0o640);
    await writeAddition(await plan());
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('is written through a symbolic link', async () => {
    await rm(file);
    await writeFile(join(cwd, 'real.yaml'), MINE);
    await symlink('real.yaml', file);
    await writeAddition(await plan());
    expect(await readFile(join(cwd, 'real.yaml'), 'utf8')).toContain('key: two');
    expect(await readFile(file, 'utf8')).toContain('key: two');
  });

  it('keeps a byte order mark', async () => {
    await writeFile(file, `\uFEFF${MINE}`);
    await writeAddition(await plan());
    expect((await readFile(file, 'utf8')).startsWith('\uFEFF# Ours.')).toBe(true);
  });
});

describe('the defaults of a source', () => {
  const readDefaults = async (more: string) => {
    await writeFile(file, `${MINE}${more}`);
    return sourceDefaults(await loadCatalog({ cwd }), 'acme');
  };
  const other = (target: string, collection = ''): string =>
    `  - key: two\n    tier: moe\n    mtp_source_repo: labs/two\n    mtp_sidecar_repo: ${target}\n${collection}`;

  it('are the values that all of its entries share', async () => {
    expect(await readDefaults('')).toEqual({ namespace: 'acme' });
    expect(await readDefaults(other('acme/two'))).toEqual({ namespace: 'acme' });
    expect(await readDefaults(other('elsewhere/two'))).toEqual({});
  });

  it('have a collection only if each entry has it', async () => {
    expect(await readDefaults(other('acme/two', '    hf_collection: Sidecars\n'))).not.toHaveProperty('collection');
    await writeFile(file, '');
    expect(await readDefaults('    hf_collection: Sidecars\n')).toEqual({ namespace: 'acme', collection: 'Sidecars' });
  });

  it('are empty for a source without entries', async () => {
    await writeFile(file, 'models: []\n');
    expect(sourceDefaults(await loadCatalog({ cwd }), 'acme')).toEqual({});
  });
});
