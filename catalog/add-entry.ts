import { realpath, stat } from 'node:fs/promises';
import { messageOf, SwpError } from '../core/error.js';
import { faultText, parseOrFaults } from '../core/faults.js';
import { writeAtomic } from '../core/files.js';
import { sanitizeLine } from '../core/text.js';
import { THIS_MACHINE } from '../core/this-machine.js';
import { appendEntry } from './append-entry.js';
import { Entry, ENTRY_FIELDS } from './entry.js';
import { readCatalog, type Catalog, type CatalogEntry, type CatalogOptions } from './load.js';
import { problemText } from './problem.js';
import { readText } from './read-text.js';
import { FOXLIGHT } from './settings-file.js';

/** A catalog source with one more entry, validated with the whole catalog but not yet written. */
export interface Addition {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** The new entry in the resulting catalog. */
  readonly added: CatalogEntry;
}

const readSource = async (file: string): Promise<string> => {
  const read = await readText(file);
  if ('problem' in read) throw new SwpError('invalid', 'catalog/unreadable', `${problemText(read.problem)}.`);
  return read.text;
};

const entryRefusedError = (lines: readonly string[]): SwpError =>
  new SwpError(
    'invalid',
    'catalog/entry-refused',
    `With this entry the catalog would have ${lines.length === 1 ? 'a mistake' : `${lines.length} mistakes`}, so nothing was written:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    {
      hint: 'Give the entry another key (--key), other names (--namespace, --set field=value), or add only the kinds that the catalog does not have yet (--only).',
    },
  );

/**
 * Adds an entry to the text of a source and validates the resulting catalog.
 *
 * @param catalog the catalog as it is on disk
 * @param fields the unvalidated fields of the entry
 * @throws SwpError `catalog/unknown-source`, `catalog/entry-refused`, `catalog/cannot-edit`
 */
export const planAddition = async (
  options: CatalogOptions,
  catalog: Catalog,
  source: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<Addition> => {
  const info = catalog.sources.find(({ name }) => name === source && name !== FOXLIGHT);
  if (info === undefined)
    throw new SwpError('usage', 'catalog/unknown-source', `You have no catalog source named ${source}.`, {
      hint: 'List your sources with `swp catalog sources`, or create one with `swp catalog init`.',
    });
  const parsed = parseOrFaults(Entry, fields, () => ENTRY_FIELDS);
  if ('faults' in parsed) throw entryRefusedError(parsed.faults.map((fault) => sanitizeLine(faultText(fault), 500)));
  const { file } = info;
  const before = await readSource(file);
  const after = appendEntry(before, parsed.data);
  const { catalog: merged, problems } = await readCatalog({ ...options, texts: new Map([[file, after]]) });
  const added = merged?.entries.get(`${source}/${parsed.data.key}`);
  if (added === undefined) throw entryRefusedError(problems.map(problemText));
  return { file, before, after, added };
};

/**
 * Writes an addition atomically. Does not touch a file that changed since {@link planAddition} read it.
 *
 * @throws SwpError `catalog/changed`, `catalog/unwritable`
 */
export const writeAddition = async ({ file, before, after }: Addition): Promise<void> => {
  if ((await readSource(file)) !== before)
    throw new SwpError('conflict', 'catalog/changed', `${file} changed while this command ran; nothing was written.`, {
      hint: 'Read the change, then run the command again.',
    });
  try {
    // The settings may name a symbolic link: replace the file that it points to.
    const real = await realpath(file);
    await writeAtomic(THIS_MACHINE, real, after, (await stat(real)).mode & 0o777);
  } catch (error) {
    throw new SwpError('access', 'catalog/unwritable', `${file} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
};
