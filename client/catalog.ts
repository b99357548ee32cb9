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

/** Returns the current entry in the form that a publish stores. */
export const snapshotOf = async (context: Context, name: string): Promise<EntrySnapshot> =>
  takeSnapshot(findEntry(await openCatalog(context), name));

/** Returns the full name of an entry. A full name is not looked up: an entry that left the catalog may still have a running publish. */
export const entryName = async (context: Context, name: string): Promise<string> => {
  if (name.includes('/')) {
    const full = name.toLowerCase();
    const fault = faultOf(EntryName, full);
    if (fault === undefined) return full;
    throw new SwpError('usage', 'client/entry-name', `${name} is not an entry name: it ${fault}.`, {
      hint: 'List the entries with `swp catalog list`.',
    });
  }
  return findEntry(await openCatalog(context), name).name;
};
