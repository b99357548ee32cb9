import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { findEntry, loadCatalog, readCatalog } from '../../catalog/load.js';
import { problemText } from '../../catalog/problem.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-catalog-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const sidecar = (key: string, over: Record<string, unknown> = {}) => ({
  key,
  tier: 'smoke',
  mtp_source_repo: 'labs/source',
  mtp_sidecar_repo: 'acme/shared-mtp',
  ...over,
});

/** Writes a settings file with these sources, and each source's entries. */
const write = async (sources: Record<string, unknown[]>, settings: Record<string, unknown> = {}): Promise<void> => {
  for (const [name, models] of Object.entries(sources)) await writeFile(join(directory, `${name}.yaml`), stringify({ models }));
  await writeFile(
    join(directory, 'skulk-weights.yaml'),
    stringify({ sources: Object.keys(sources).map((name) => ({ name, path: `${name}.yaml` })), ...settings }),
  );
};
const problems = async (): Promise<string> => (await readCatalog({ cwd: directory })).problems.map(problemText).join('\n');

it("merges operators' sources with the built-in one, and finds them from a subdirectory", async () => {
  await write({ acme: [sidecar('one')] });
  await mkdir(join(directory, 'deep', 'down'), { recursive: true });
  const catalog = await loadCatalog({ cwd: join(directory, 'deep', 'down') });
  expect([...catalog.entries.keys()]).toContain('acme/one');
  expect(catalog.sources.map(({ name, entries }) => [name, entries])).toEqual([
    ['foxlight', 12],
    ['acme', 1],
  ]);
});

it('leaves the built-in entries out on request', async () => {
  await write({ acme: [sidecar('one')] }, { include_foxlight: false });
  expect([...(await loadCatalog({ cwd: directory })).entries.keys()]).toEqual(['acme/one']);
});

it('does not let an operator redefine foxlight', async () => {
  await write({ foxlight: [sidecar('one')] });
  expect(await problems()).toContain('must not be foxlight');
});

it('reports a missing source file at the line that names it', async () => {
  await writeFile(join(directory, 'skulk-weights.yaml'), 'sources:\n  - name: acme\n    path: gone.yaml\n');
  expect(await problems()).toMatch(/skulk-weights\.yaml:3: .*gone\.yaml: file not found/);
});

it('reports a file that is not UTF-8', async () => {
  await writeFile(join(directory, 'skulk-weights.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  expect(await problems()).toContain('is not UTF-8');
});

it('lets two entries share a sidecar if their fields agree, in any case', async () => {
  await write({
    acme: [sidecar('one'), sidecar('two', { mtp_sidecar_repo: 'Acme/Shared-MTP', mtp_source_repo: 'Labs/Source', mtp_names: 'skulk' })],
  });
  expect(await problems()).toBe('');
});

it.each([
  ['another source', { mtp_source_repo: 'labs/other' }, 'mtp_source_repo: differs from acme/one'],
  ['another revision', { mtp_source_revision: 'a'.repeat(40) }, 'mtp_source_revision: differs from acme/one'],
  ['other names', { mtp_names: 'source' }, 'mtp_names: differs from acme/one'],
])('refuses a shared sidecar with %s', async (_, over, expected) => {
  await write({ acme: [sidecar('one'), sidecar('two', over)] });
  expect(await problems()).toContain(expected);
});

it('refuses two vindexes in one repository or directory, and one repository of two kinds, across sources', async () => {
  const vindex = (key: string, over: Record<string, unknown> = {}) => ({
    key,
    tier: 'moe',
    source_model: 'a/m',
    quant: 'none',
    slices: ['full'],
    output_name: `${key}.vindex`,
    hf_repo: `acme/${key}`,
    ...over,
  });
  await write({
    acme: [vindex('one'), vindex('two', { hf_repo: 'ACME/one' })],
    other: [vindex('three', { output_name: 'One.vindex' }), sidecar('four', { mtp_sidecar_repo: 'acme/One' })],
  });
  const found = await problems();
  expect(found).toContain('hf_repo: is already the target of acme/one');
  expect(found).toContain('output_name: is already the output of acme/one');
  expect(found).toContain('is already the vindex target of acme/one');
});

it('refuses a target that another entry reads', async () => {
  await write({ acme: [sidecar('one'), sidecar('two', { mtp_source_repo: 'acme/Shared-mtp', mtp_sidecar_repo: 'acme/b' })] });
  expect(await problems()).toContain('a target must never be a source');
});

it('stops at the nearest settings file above', async () => {
  await write({ acme: [sidecar('one')] });
  await mkdir(join(directory, 'inner'));
  await writeFile(join(directory, 'inner', 'skulk-weights.yaml'), 'include_foxlight: false\n');
  const catalog = await loadCatalog({ cwd: join(directory, 'inner') });
  expect([catalog.entries.size, catalog.settingsFile]).toEqual([0, join(directory, 'inner', 'skulk-weights.yaml')]);
});

it('finds a source beside a named settings file from any directory', async () => {
  await write({ acme: [sidecar('one')] }, { include_foxlight: false });
  const { catalog } = await readCatalog({ cwd: tmpdir(), file: join(directory, 'skulk-weights.yaml') });
  expect([...catalog!.entries.keys()]).toEqual(['acme/one']);
});

it('reports a named settings file that does not exist', async () => {
  const { problems: found } = await readCatalog({ cwd: directory, file: 'gone.yaml' });
  expect(found.map(problemText).join('\n')).toContain(`${join(directory, 'gone.yaml')}: file not found`);
});

it('requires the source of a key that two sources have', async () => {
  await write({ acme: [sidecar('one')], other: [sidecar('one')] });
  const catalog = await loadCatalog({ cwd: directory });
  expect(() => findEntry(catalog, 'one')).toThrow(
    expect.objectContaining({ code: 'catalog/ambiguous-entry', message: expect.stringContaining('acme/one, other/one') }),
  );
  expect(findEntry(catalog, 'OTHER/One').name).toBe('other/one');
});

it('reports the mistakes of every file together', async () => {
  await write(
    { acme: [{ key: 'A', tier: 'x' }], other: [sidecar('one', { colour: 'red' })] },
    {
      sources: [
        { name: 'acme', path: 'acme.yaml' },
        { name: 'other', path: 'other.yaml' },
        { name: 'third', path: 'gone.yaml' },
      ],
    },
  );
  const found = await problems();
  for (const part of ['acme.yaml:2: key:', 'other.yaml:6: colour:', 'gone.yaml: file not found']) expect(found).toContain(part);
});

it('refuses a source file that is too large without reading it', async () => {
  await write({ acme: [sidecar('one')] });
  await truncate(join(directory, 'acme.yaml'), 1e10);
  expect(await problems()).toContain('acme.yaml: has 10000000000 bytes; at most');
});

it('throws all mistakes as one error', async () => {
  await write({ acme: [{ key: 'A' }, { key: 'B' }] });
  await expect(loadCatalog({ cwd: directory })).rejects.toMatchObject({
    code: 'catalog/invalid',
    kind: 'invalid',
    message: expect.stringMatching(/mistakes:\n.*acme\.yaml:2/),
  });
});

describe('valid entries of a catalog with mistakes', () => {
  const read = async (
    entries: readonly unknown[],
    settings = 'include_foxlight: false\nsources:\n  - name: acme\n    path: mine.yaml\n',
  ) => {
    const own = await mkdtemp(join(tmpdir(), 'swp-valid-'));
    await writeFile(join(own, 'skulk-weights.yaml'), settings);
    await writeFile(join(own, 'mine.yaml'), JSON.stringify({ models: entries }));
    const { catalog, validEntries } = await readCatalog({ cwd: own });
    await rm(own, { recursive: true });
    expect(catalog).toBe(null);
    return [...validEntries.keys()];
  };
  const entry = (key: string, target = key) => ({ key, tier: 'smoke', mtp_source_repo: `labs/${key}`, mtp_sidecar_repo: `acme/${target}` });

  it('are the entries without mistakes, and the first of two that contradict each other', async () => {
    expect(await read([entry('a'), { key: 'BAD', tier: 'smoke' }, entry('b'), entry('c', 'a')])).toEqual(['acme/a', 'acme/b']);
  });

  it('are empty if the settings are invalid, without the built-in entries', async () => {
    expect(await read([entry('a')], 'include_foxlight: nope\n')).toEqual([]);
  });
});
