import { artifactsOf } from '../../catalog/artifacts.js';
import type { Context } from '../context.js';
import { openCatalog } from '../catalog.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export const catalogList = async (context: Context): Promise<ExitCode> => {
  const entries = [...(await openCatalog(context)).entries.values()];
  const rows = entries.map(({ name, entry }) => [
    name,
    entry.tier,
    artifactsOf(entry)
      .map(({ kind }) => kind)
      .join(', '),
    artifactsOf(entry)
      .map(({ target }) => target)
      .join(', '),
  ]);
  context.out.table(
    entries.map(({ name, entry }) => ({ name, tier: entry.tier, artifacts: artifactsOf(entry) })),
    ['entry', 'tier', 'artifacts', 'targets'],
    rows,
  );
  return EXIT.ok;
};
