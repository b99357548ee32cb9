import { z } from 'zod';
import { Entry } from './entry.js';
import { EntryName } from './entry-name.js';
import { brokenRules } from './entry-rules.js';

/** An entry as it was when a publish started, so that workers need no copy of the catalog. */
export const EntrySnapshot = z.strictObject({ name: EntryName, entry: Entry }).superRefine(({ entry }, context) => {
  for (const { field, message } of brokenRules(entry))
    context.addIssue({ code: 'custom', path: ['entry', field], message: `${field} ${message}` });
});
export type EntrySnapshot = z.infer<typeof EntrySnapshot>;

/** Returns the snapshot of a catalog entry as it is now, in the form that a publish keeps. */
export const snapshotOf = ({ name, entry }: { readonly name: string; readonly entry: Entry }): EntrySnapshot =>
  EntrySnapshot.parse({ name, entry });
