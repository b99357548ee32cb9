import { findEntry, loadCatalog, type Catalog } from '../catalog/load.js';
import { EntrySnapshot } from '../catalog/snapshot.js';
import type { Context } from './context.js';

export const catalogOptions = ({ cwd, catalogFile }: Pick<Context, 'cwd' | 'catalogFile'>) => ({
  cwd,
  ...(catalogFile === undefined ? {} : { file: catalogFile }),
});

export const openCatalog = (context: Context): Promise<Catalog> => loadCatalog(catalogOptions(context));

/** The entry as it is now, in the form in which a publish keeps it. */
export const snapshotOf = async (context: Context, name: string): Promise<EntrySnapshot> => {
  const { name: full, entry } = findEntry(await openCatalog(context), name);
  return EntrySnapshot.parse({ name: full, entry });
};

/** The full name of an entry that is in the catalog; one that is not may still have a publish that runs. */
export const entryName = async (context: Context, name: string): Promise<string> => {
  if (name.includes('/')) return name.toLowerCase();
  return findEntry(await openCatalog(context), name).name;
};
