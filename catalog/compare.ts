import { isDeepStrictEqual } from 'node:util';
import type { Entry } from './entry.js';
import type { Catalog } from './load.js';
import type { EntrySnapshot } from './snapshot.js';

/** What became of one entry from one catalog to the next; its fields have no order that would matter. */
export type EntryChange =
  | { readonly change: 'added'; readonly name: string; readonly after: EntrySnapshot }
  | { readonly change: 'removed'; readonly name: string; readonly before: EntrySnapshot }
  | { readonly change: 'changed'; readonly name: string; readonly before: EntrySnapshot; readonly after: EntrySnapshot };

type Entries = Pick<Catalog, 'entries'>;

const snapshot = (name: string, entry: Entry): EntrySnapshot => ({ name, entry });

/** The entries in which two catalogs differ: those of the second in its order, then what only the first had. */
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
