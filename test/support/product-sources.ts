import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../../dev/temporal/project.js';

const BuildConfig = z.object({ include: z.array(z.string()) });

/** Everything that a build holds beside the product. */
const NO_PRODUCT = new Set(['dev', 'bench']);

/** Reads the TypeScript sources of the product, and of further folders: path → text. */
export const readProductSources = async (more: readonly string[] = []): Promise<ReadonlyMap<string, string>> => {
  const root = projectRoot();
  const { include } = BuildConfig.parse(JSON.parse(await readFile(join(root, 'tsconfig.build.json'), 'utf8')));
  const folders = [...include.filter((folder) => !NO_PRODUCT.has(folder)), ...more];
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name)),
    ),
  );
  return new Map(await Promise.all(names.flat().map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const)));
};
