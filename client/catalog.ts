import { findEntry, loadCatalog, type Catalog } from '../catalog/load.js';
import { EntryName } from '../catalog/entry-name.js';
import { snapshotOf as takeSnapshot, type EntrySnapshot } from '../catalog/snapshot.js';
import { SwpError } from '../core/error.js';
import { faultOf } from '../core/faults.js';
import type { Context } from './context.js';

export const catalogOptions = ({ cwd, catalogFile }: Pick<Context, 'cwd' | 'catalogFile'>) => ({
  cwd,
  ...(catalogFile === undefined ? {} : { file: catalogFile }),
});

export const openCatalog = (context: Context): Promise<Catalog> => loadCatalog(catalogOptions(context));

/** The entry as it is now, in the form in which a publish keeps it. */
export const snapshotOf = async (context: Context, name: string): Promise<EntrySnapshot> =>
  takeSnapshot(findEntry(await openCatalog(context), name));

/** The full name of an entry that is in the catalog; one that is not may still have a publish that runs. */
export const entryName = async (context: Context, name: string): Promise<string> => {
  if (name.includes('/')) {
    const full = name.toLowerCase();
    const fault = faultOf(EntryName, full);
    if (fault === undefined) return full;
    throw new SwpError('usage', 'client/entry-name', `${name} is no name of an entry: it ${fault}.`, {
      hint: 'List them with `swp catalog list`.',
    });
  }
  return findEntry(await openCatalog(context), name).name;
};
