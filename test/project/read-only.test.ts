import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';

/** Every module that a module imports, directly or indirectly, without imports of types. */
const importedBy = async (entry: string, seen = new Set<string>()): Promise<Set<string>> => {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const text = await readFile(entry, 'utf8');
  for (const [, path] of text.matchAll(/^(?:import|export)(?! type)[^;]*? from '(\.[^']+)\.js';$/gm))
    await importedBy(`${join(dirname(entry), path!)}.ts`, seen);
  return seen;
};

it('re-validation imports nothing that writes to the Hub', async () => {
  const root = projectRoot();
  const modules = [...(await importedBy(join(root, 'activities', 'revalidate.ts')))].map((file) => relative(root, file));
  expect(modules).toContain('hub/read/verify-files.ts');
  expect(modules.filter((file) => file.startsWith('hub/write/'))).toEqual([]);
});
