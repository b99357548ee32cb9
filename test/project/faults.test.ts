import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';

const ROOMS = [
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

it('one place makes words for people of what a schema refuses', async () => {
  const files = await Promise.all(
    ROOMS.map(async (room) =>
      (await readdir(join(projectRoot(), room), { recursive: true }))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(room, name)),
    ),
  );
  const readers: string[] = [];
  for (const file of files.flat())
    if (/\.issues\b|prettifyError|flattenError/.test(await readFile(join(projectRoot(), file), 'utf8'))) readers.push(file);
  expect(readers).toEqual(['core/faults.ts']);
});
