import { z } from 'zod';
import { Entry } from './entry.js';
import { ENTRY_NAME, LONGEST_ENTRY_NAME } from './entry-name.js';
import { brokenRules } from './entry-rules.js';

export const EntryName = z.string().max(LONGEST_ENTRY_NAME).regex(ENTRY_NAME, 'must be source/key');

/** An entry as it was when a publish started: the workers need no copy of the catalog. */
export const EntrySnapshot = z.strictObject({ name: EntryName, entry: Entry }).superRefine(({ entry }, context) => {
  for (const { field, message } of brokenRules(entry))
    context.addIssue({ code: 'custom', path: ['entry', field], message: `${field} ${message}` });
});
export type EntrySnapshot = z.infer<typeof EntrySnapshot>;

/** An entry of the catalog as it is now, in the form in which a publish keeps it. */
export const snapshotOf = ({ name, entry }: { readonly name: string; readonly entry: Entry }): EntrySnapshot =>
  EntrySnapshot.parse({ name, entry });
