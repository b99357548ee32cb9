import { Document, isMap, isSeq, type YAMLMap } from 'yaml';
import { ENTRY_FIELDS } from '../entry.js';

export type EntryFields = Readonly<Record<string, unknown>>;

/** Versions of YAML quote differently: `on` is true in 1.1. */
type Version = '1.1' | '1.2' | 'next';

/** Returns the fields that are set, in the order of the built-in entries. */
const orderFields = (entry: EntryFields): EntryFields =>
  Object.fromEntries(ENTRY_FIELDS.flatMap((field) => (entry[field] === undefined ? [] : [[field, entry[field]] as const])));

const mapOf = (entry: EntryFields, version: Version): { readonly document: Document; readonly map: YAMLMap } => {
  const document = new Document(orderFields(entry), { version });
  const { contents: map } = document;
  if (!isMap(map)) throw new TypeError('an entry is a mapping');
  // Writes `slices: [full]`, as in the built-in entries.
  for (const { value } of map.items) if (isSeq(value)) value.flow = true;
  return { document, map };
};

const OPTIONS = { lineWidth: 0, flowCollectionPadding: false } as const;

/** Renders an entry as an item of a block list, one string per line: `- key: …`, then the other fields below. */
export const entryLines = (entry: EntryFields, version: Version = '1.2'): string[] =>
  mapOf(entry, version)
    .document.toString(OPTIONS)
    .trimEnd()
    .split('\n')
    .map((line, at) => `${at === 0 ? '- ' : '  '}${line}`);

/** Renders an entry as an item of a flow list: `{key: …, tier: …}`. */
export const entryInline = (entry: EntryFields, version: Version = '1.2'): string => {
  const { document, map } = mapOf(entry, version);
  map.flow = true;
  return document.toString(OPTIONS).trimEnd();
};
