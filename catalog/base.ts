import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../core/error.js';
import { SETTINGS_NAME, type CatalogOptions } from './load.js';

/** How a checkout of SWP is told from other directories: only there are the built-in entries a file that people change. */
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
 * Where the catalog lies that another one is compared with: a `skulk-weights.yaml`, or a directory. What is above that
 * directory counts for nothing: a directory without the file has the built-in entries alone. In a checkout of SWP those
 * are the ones of that checkout.
 *
 * @throws SwpError `catalog/no-base`
 */
export const findBase = async (cwd: string, path: string): Promise<CatalogOptions> => {
  const base = resolve(cwd, path);
  const found = await stat(base).catch(() => null);
  if (found?.isFile() === true) return { cwd, file: base };
  if (found?.isDirectory() !== true)
    throw new SwpError('usage', 'catalog/no-base', `There is no catalog to compare with at ${path}.`, {
      hint: `Name the ${SETTINGS_NAME} as it was before, or a directory: a second checkout, as \`git worktree add\` makes one.`,
    });
  const settings = join(base, SETTINGS_NAME);
  const builtIn = join(base, BUILT_IN);
  return {
    cwd: base,
    file: (await isFile(settings)) ? settings : null,
    ...((await isFile(builtIn)) && (await isCheckout(base)) ? { builtIn } : {}),
  };
};
