import { Document, isMap, isSeq, type YAMLMap } from 'yaml';
import { ENTRY_FIELDS } from '../entry.js';

export type EntryFields = Readonly<Record<string, unknown>>;

/** Versions of YAML quote differently: `on` is true in 1.1. */
type Version = '1.1' | '1.2' | 'next';

/** The fields that are given, in the order of the built-in entries. */
const ordered = (entry: EntryFields): EntryFields =>
  Object.fromEntries(ENTRY_FIELDS.flatMap((field) => (entry[field] === undefined ? [] : [[field, entry[field]] as const])));

const mapOf = (entry: EntryFields, version: Version): { readonly document: Document; readonly map: YAMLMap } => {
  const document = new Document(ordered(entry), { version });
  const { contents: map } = document;
  if (!isMap(map)) throw new TypeError('an entry is a mapping');
  // `slices: [full]`, as the built-in entries have it.
  for (const { value } of map.items) if (isSeq(value)) value.flow = true;
  return { document, map };
};

const OPTIONS = { lineWidth: 0, flowCollectionPadding: false } as const;

/** An entry as an item of a block list, a string a line: `- key: …`, then its other fields below. */
export const entryLines = (entry: EntryFields, version: Version = '1.2'): string[] =>
  mapOf(entry, version)
    .document.toString(OPTIONS)
    .trimEnd()
    .split('\n')
    .map((line, at) => `${at === 0 ? '- ' : '  '}${line}`);

/** An entry as an item of a flow list: `{key: …, tier: …}`. */
export const entryInline = (entry: EntryFields, version: Version = '1.2'): string => {
  const { document, map } = mapOf(entry, version);
  map.flow = true;
  return document.toString(OPTIONS).trimEnd();
};
