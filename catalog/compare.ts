import { isDeepStrictEqual } from 'node:util';
import type { Entry } from './entry.js';
import type { Catalog } from './load.js';
import type { EntrySnapshot } from './snapshot.js';

/** The difference in one entry between two catalogs; the order of its fields does not count. */
export type EntryChange =
  | { readonly change: 'added'; readonly name: string; readonly after: EntrySnapshot }
  | { readonly change: 'removed'; readonly name: string; readonly before: EntrySnapshot }
  | { readonly change: 'changed'; readonly name: string; readonly before: EntrySnapshot; readonly after: EntrySnapshot };

type Entries = Pick<Catalog, 'entries'>;

const snapshot = (name: string, entry: Entry): EntrySnapshot => ({ name, entry });

/** Returns the entries in which two catalogs differ: first those in `head`, in its order, then those only in `base`. */
export const compareCatalogs = (base: Entries, head: Entries): EntryChange[] => {
  const present = [...head.entries].flatMap(([name, { entry }]): EntryChange[] => {
    const before = base.entries.get(name)?.entry;
    const after = snapshot(name, entry);
    if (before === undefined) return [{ change: 'added', name, after }];
    return isDeepStrictEqual(before, entry) ? [] : [{ change: 'changed', name, before: snapshot(name, before), after }];
  });
  const removed = [...base.entries].flatMap(([name, { entry }]): EntryChange[] =>
    head.entries.has(name) ? [] : [{ change: 'removed', name, before: snapshot(name, entry) }],
  );
  return [...present, ...removed];
};
