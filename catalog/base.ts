import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../core/error.js';
import { SETTINGS_NAME, type CatalogOptions } from './load.js';

/** Identifies a checkout of SWP: only there are the built-in entries a file that people edit. */
const Checkout = z.object({ name: z.literal('skulk-weights-publisher') });
const BUILT_IN = join('catalog', 'foxlight.yaml');

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const isCheckout = async (directory: string): Promise<boolean> => {
  try {
    return Checkout.safeParse(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))).success;
  } catch {
    return false;
  }
};

/**
 * Finds the catalog to compare another one with. `path` names a `skulk-weights.yaml` or a directory. Parent directories
 * are not searched: a directory without that file has only the built-in entries. In a checkout of SWP, the built-in
 * entries are those of that checkout.
 *
 * @throws SwpError `catalog/no-base`
 */
export const findBase = async (cwd: string, path: string): Promise<CatalogOptions> => {
  const base = resolve(cwd, path);
  const found = await stat(base).catch(() => null);
  if (found?.isFile() === true) return { cwd, file: base };
  if (found?.isDirectory() !== true)
    throw new SwpError('usage', 'catalog/no-base', `Cannot compare: there is no catalog at ${path}.`, {
      hint: `Give the path of the earlier ${SETTINGS_NAME}, or of an earlier checkout; \`git worktree add\` creates one.`,
    });
  const settings = join(base, SETTINGS_NAME);
  const builtIn = join(base, BUILT_IN);
  return {
    cwd: base,
    file: (await isFile(settings)) ? settings : null,
    ...((await isFile(builtIn)) && (await isCheckout(base)) ? { builtIn } : {}),
  };
};
