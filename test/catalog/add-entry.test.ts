import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planAddition, writeAddition } from '../../catalog/add-entry.js';
import { sourceDefaults } from '../../catalog/habits.js';
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
  it('is in the catalog once it is written, below what was there', async () => {
    const addition = await plan();
    expect(addition.added).toMatchObject({ name: 'acme/two', file, line: 7 });
    await writeAddition(addition);
    expect(await readFile(file, 'utf8')).toBe(
      `${MINE}  - key: two\n    tier: smoke\n    mtp_source_repo: labs/two\n    mtp_sidecar_repo: acme/two-mtp\n`,
    );
    expect((await loadCatalog({ cwd })).entries.get('acme/two')?.entry).toEqual(ENTRY);
  });

  it('is not there before it is written', async () => {
    await plan();
    expect(await readFile(file, 'utf8')).toBe(MINE);
  });

  it.each([
    ['a key that is taken', { ...ENTRY, key: 'one' }, 'key: one is there already'],
    ['the sidecar of another model', { ...ENTRY, mtp_sidecar_repo: 'acme/one-mtp' }, 'mtp_source_repo: differs from acme/one'],
    ['a target that the built-in entries have', { ...ENTRY, mtp_sidecar_repo: 'FoxlightAI/qwen3-5-9b-base-mtp' }, 'differs from foxlight/'],
    ['a target that another entry reads', { ...ENTRY, mtp_sidecar_repo: 'labs/one' }, 'a target is never a source'],
    ['a field that is none', { ...ENTRY, colour: 'red' }, 'colour: unknown field'],
    ['a name that is none', { ...ENTRY, mtp_sidecar_repo: 'acme' }, 'mtp_sidecar_repo: must look like owner/name'],
    ['both drafters', { ...ENTRY, assistant_model_repo: 'labs/three' }, 'excludes the MTP fields'],
  ])('with %s is refused, and the file is as it was', async (_, fields, message) => {
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

  it('to a file that changed meanwhile is not written', async () => {
    const addition = await plan();
    await writeFile(file, `${MINE}# More.\n`);
    await expect(writeAddition(addition)).rejects.toMatchObject({ code: 'catalog/changed' });
    expect(await readFile(file, 'utf8')).toBe(`${MINE}# More.\n`);
  });

  it('leaves nothing but the file behind', async () => {
    await writeAddition(await plan());
    expect((await readdir(cwd)).toSorted()).toEqual(['mine.yaml', 'skulk-weights.yaml']);
  });

  it("keeps the file's mode", async () => {
    await chmod(file, 0o640);
    await writeAddition(await plan());
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('goes through a link to the file', async () => {
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

describe('the habits of a source', () => {
  const habits = async (more: string) => {
    await writeFile(file, `${MINE}${more}`);
    return sourceDefaults(await loadCatalog({ cwd }), 'acme');
  };
  const other = (target: string, collection = ''): string =>
    `  - key: two\n    tier: moe\n    mtp_source_repo: labs/two\n    mtp_sidecar_repo: ${target}\n${collection}`;

  it('are what all of its entries have in common', async () => {
    expect(await habits('')).toEqual({ namespace: 'acme' });
    expect(await habits(other('acme/two'))).toEqual({ namespace: 'acme' });
    expect(await habits(other('elsewhere/two'))).toEqual({});
  });

  it('have a collection only where each entry has it', async () => {
    expect(await habits(other('acme/two', '    hf_collection: Sidecars\n'))).not.toHaveProperty('collection');
    await writeFile(file, '');
    expect(await habits('    hf_collection: Sidecars\n')).toEqual({ namespace: 'acme', collection: 'Sidecars' });
  });

  it('are none of a source without entries', async () => {
    await writeFile(file, 'models: []\n');
    expect(sourceDefaults(await loadCatalog({ cwd }), 'acme')).toEqual({});
  });
});
