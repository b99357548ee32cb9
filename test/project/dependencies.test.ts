import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';

const lock = async (): Promise<{ packages: Record<string, { version?: string; resolved?: string; integrity?: string }> }> =>
  JSON.parse(await readFile(join(projectRoot(), 'package-lock.json'), 'utf8'));

it('the tree has one copy of protobufjs 8, because two copies break the reading of histories', async () => {
  const { packages } = await lock();
  const copies = Object.entries(packages).filter(
    ([path, { version }]) => path.endsWith('node_modules/protobufjs') && version?.startsWith('8.'),
  );
  expect(copies).toHaveLength(1);
});

it('all Temporal packages have one version', async () => {
  const { packages } = await lock();
  const versions = Object.entries(packages)
    .filter(([path]) => /^node_modules\/@temporalio\/[^/]+$/.test(path))
    .map(([, { version }]) => version);
  expect(new Set(versions)).toEqual(new Set(['1.24.0']));
});

it('the lockfile records no download addresses', async () => {
  const { packages } = await lock();
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

it('the lockfile has a digest of every package, including packages of other platforms', async () => {
  const { packages } = await lock();
  const without = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined);
  expect(without.map(([path]) => path)).toEqual([]);
});
