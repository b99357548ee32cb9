import { openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export const catalogSources = async (context: Context): Promise<ExitCode> => {
  const { sources, settingsFile } = await openCatalog(context);
  context.out.table(
    { settingsFile, sources },
    ['source', 'entries', 'file'],
    sources.map(({ name, file, entries }) => [name, String(entries), file]),
  );
  if (settingsFile === null)
    context.out.note('There is no skulk-weights.yaml in this directory or above: only the built-in source is used.');
  return EXIT.ok;
};
