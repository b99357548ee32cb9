import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';

const FOLDERS = [
  'core',
  'catalog',
  'formats',
  'plan',
  'hub',
  'larql',
  'publish',
  'contract',
  'workflows',
  'activities',
  'temporal',
  'settings',
  'worker',
  'client',
];

it('only core/faults.ts reads the issues of schemas', async () => {
  const files = await Promise.all(
    FOLDERS.map(async (folder) =>
      (await readdir(join(projectRoot(), folder), { recursive: true }))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    ),
  );
  const readers: string[] = [];
  for (const file of files.flat())
    if (/\.issues\b|prettifyError|flattenError/.test(await readFile(join(projectRoot(), file), 'utf8'))) readers.push(file);
  expect(readers).toEqual(['core/faults.ts']);
});
