import { readCatalog } from '../../catalog/load.js';
import { problemText } from '../../catalog/problem.js';
import { plural } from '../../core/text.js';
import { catalogOptions } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export const catalogValidate = async (context: Context): Promise<ExitCode> => {
  const { catalog, problems } = await readCatalog(catalogOptions(context));
  const entries = catalog?.entries.size ?? 0;
  context.out.data({ valid: catalog !== null, entries, problems }, () =>
    catalog === null
      ? problems.map(problemText).join('\n')
      : `${plural(entries, 'entry', 'entries')} in ${plural(catalog.sources.length, 'source')}: all valid`,
  );
  if (catalog === null) context.out.note(`${plural(problems.length, 'mistake')}.`);
  return catalog === null ? EXIT.invalid : EXIT.ok;
};
