import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SwpError } from '../core/error.js';
import { crossProblems, type NamedEntry } from './cross-checks.js';
import type { Entry } from './entry.js';
import { nearestName } from '../core/nearest.js';
import { catalogError, type Problem } from './problem.js';
import { readText } from './read-text.js';
import { FOXLIGHT, parseSettingsFile, type CatalogSettings } from './settings-file.js';
import { parseSourceFile } from './source-file.js';

export const SETTINGS_NAME = 'skulk-weights.yaml';
const BUILT_IN = fileURLToPath(new URL('foxlight.yaml', import.meta.url));

export interface CatalogEntry {
  /** `source/key`. */
  readonly name: string;
  readonly source: string;
  readonly file: string;
  readonly line: number;
  readonly entry: Entry;
}

export interface SourceInfo {
  readonly name: string;
  readonly file: string;
  readonly entries: number;
}

export interface Catalog {
  readonly entries: ReadonlyMap<string, CatalogEntry>;
  readonly sources: readonly SourceInfo[];
  /** The `skulk-weights.yaml` that was used, or null if there is none. */
  readonly settingsFile: string | null;
}

export interface CatalogOptions {
  /** The directory where the search for `skulk-weights.yaml` starts; it continues in every parent directory. */
  readonly cwd: string;
  /** The `skulk-weights.yaml` to use instead of searching; null for none. */
  readonly file?: string | null;
  /** Source texts, by path, to use instead of the files. */
  readonly texts?: ReadonlyMap<string, string>;
  /** The file with the built-in entries of another version of SWP. */
  readonly builtIn?: string;
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const findSettings = async ({ cwd, file }: CatalogOptions): Promise<string | null> => {
  if (file !== undefined) return file === null ? null : resolve(cwd, file);
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const candidate = join(directory, SETTINGS_NAME);
    if (await exists(candidate)) return candidate;
    if (directory === dirname(directory)) return null;
  }
};

const NO_SETTINGS: CatalogSettings = { sources: [], includeFoxlight: true };

const readSettings = async (file: string | null): Promise<{ settings: CatalogSettings; problems: readonly Problem[] }> => {
  if (file === null) return { settings: NO_SETTINGS, problems: [] };
  const read = await readText(file);
  return 'problem' in read ? { settings: NO_SETTINGS, problems: [read.problem] } : parseSettingsFile(file, read.text);
};

interface ReadSource {
  readonly info: SourceInfo;
  readonly entries: readonly NamedEntry[];
  readonly problems: readonly Problem[];
}

const readSource = async (
  name: string,
  file: string,
  text: string | undefined,
  missing?: (message: string) => Problem,
): Promise<ReadSource> => {
  const read = text === undefined ? await readText(file) : { text };
  if ('problem' in read)
    return {
      info: { name, file, entries: 0 },
      entries: [],
      problems: [missing === undefined ? read.problem : missing(`${file}: ${read.problem.message}`)],
    };
  const parsed = parseSourceFile(file, read.text);
  return {
    info: { name, file, entries: parsed.entries.length },
    entries: parsed.entries.map((entry) => ({ ...entry, name: `${name}/${entry.entry.key}` })),
    problems: parsed.problems,
  };
};

export interface ReadCatalog {
  /** Null if there is any problem. */
  readonly catalog: Catalog | null;
  readonly problems: readonly Problem[];
  /**
   * The entries without problems, for callers that must not fail on a mistake in another entry; empty if the settings
   * are invalid.
   */
  readonly validEntries: ReadonlyMap<string, CatalogEntry>;
}

/** Returns the entries that neither repeat nor contradict an earlier entry. */
const withoutConflicts = (entries: readonly NamedEntry[]): Set<NamedEntry> => {
  const offenders = new Set<string>();
  const recordingEntries = entries.map((entry) => ({
    ...entry,
    problemAt: (field: string, message: string) => {
      offenders.add(entry.name);
      return entry.problemAt(field, message);
    },
  }));
  return crossProblems(recordingEntries).length === 0
    ? new Set(entries)
    : withoutConflicts(entries.filter(({ name }) => !offenders.has(name)));
};

const byName = (sources: readonly ReadSource[], wanted: ReadonlySet<NamedEntry>): ReadonlyMap<string, CatalogEntry> => {
  const named = sources.flatMap(({ info, entries }) =>
    entries
      .filter((entry) => wanted.has(entry))
      .map(({ name, line, entry }): [string, CatalogEntry] => [name, { name, source: info.name, file: info.file, line, entry }]),
  );
  return new Map(named);
};

/** Reads and merges every source. */
export const readCatalog = async (options: CatalogOptions): Promise<ReadCatalog> => {
  const settingsFile = await findSettings(options);
  const { settings, problems } = await readSettings(settingsFile);
  const base = settingsFile === null ? options.cwd : dirname(settingsFile);
  const sources = await Promise.all([
    ...(settings.includeFoxlight ? [readSource(FOXLIGHT, options.builtIn ?? BUILT_IN, undefined)] : []),
    ...settings.sources.map(({ name, path, problem }) => {
      const file = resolve(base, path);
      return readSource(name, file, options.texts?.get(file), problem);
    }),
  ]);
  const entries = sources.flatMap((source) => source.entries);
  const all = [...problems, ...sources.flatMap((source) => source.problems), ...crossProblems(entries)];
  // Invalid settings do not say which sources are meant, not even that the built-in entries are included.
  const validEntries = problems.length > 0 ? new Map<string, CatalogEntry>() : byName(sources, withoutConflicts(entries));
  if (all.length > 0) return { catalog: null, problems: all, validEntries };
  return { catalog: { entries: validEntries, sources: sources.map(({ info }) => info), settingsFile }, problems: [], validEntries };
};

/** @throws SwpError `catalog/invalid` with all problems */
export const loadCatalog = async (options: CatalogOptions): Promise<Catalog> => {
  const { catalog, problems } = await readCatalog(options);
  if (catalog === null) throw catalogError(problems);
  return catalog;
};

/**
 * Finds an entry by `source/key`, or by a key that only one source has.
 *
 * @throws SwpError `catalog/unknown-entry` with the nearest name
 */
export const findEntry = (catalog: Catalog, name: string): CatalogEntry => {
  const wanted = name.toLowerCase();
  const exact = catalog.entries.get(wanted);
  if (exact !== undefined) return exact;
  const byKey = [...catalog.entries.values()].filter(({ entry }) => entry.key === wanted);
  const [only] = byKey;
  if (only !== undefined && byKey.length === 1) return only;
  if (byKey.length > 1)
    throw new SwpError(
      'usage',
      'catalog/ambiguous-entry',
      `Several sources have ${name}: ${byKey.map((entry) => entry.name).join(', ')}.`,
      { hint: 'Give the full name, as source/key.' },
    );
  const near = nearestName(wanted, [...catalog.entries.keys(), ...[...catalog.entries.values()].map(({ entry }) => entry.key)]);
  throw new SwpError('not-found', 'catalog/unknown-entry', `The catalog has no entry ${name}.`, {
    hint:
      near === undefined
        ? 'List the entries with `swp catalog list`.'
        : `Did you mean ${near}? List the entries with \`swp catalog list\`.`,
  });
};
