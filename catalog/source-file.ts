import { z } from 'zod';
import { parseOrFaults } from '../core/faults.js';
import { Entry, ENTRY_FIELDS } from './entry.js';
import { brokenRules } from './entry-rules.js';
import type { Problem } from './problem.js';
import { YamlDocument } from './yaml-document.js';

/** A catalog source file: `models:` with a list of entries. */
export const SourceFile = z.strictObject({ models: z.array(Entry) });

export interface SourceEntry {
  readonly entry: Entry;
  readonly line: number;
  /** Creates a problem at a field of this entry. */
  readonly problemAt: (field: string, message: string) => Problem;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const readEntry = (
  document: YamlDocument,
  raw: unknown,
  index: number,
): { readonly entry: SourceEntry | null; readonly problems: Problem[] } => {
  const at = (path: readonly (string | number)[], message: string): Problem =>
    document.problem(['models', index, ...path], message, path.join('.') || `models[${index}]`);
  const parsed = parseOrFaults(Entry, raw, () => ENTRY_FIELDS);
  const schema = 'faults' in parsed ? parsed.faults.map(({ path, message }) => at(path, message)) : [];
  const faultyFields = new Set(schema.map((problem) => problem.field));
  const rules = isRecord(raw)
    ? brokenRules(raw)
        .filter((rule) => !faultyFields.has(rule.field))
        .map((rule) => at([rule.field], rule.message))
    : [];
  const problems = [...schema, ...rules];
  if ('faults' in parsed || problems.length > 0) return { entry: null, problems };
  return {
    entry: { entry: parsed.data, line: document.lineOf(['models', index]), problemAt: (field, message) => at([field], message) },
    problems,
  };
};

const repeatedKeys = (entries: readonly SourceEntry[]): Problem[] => {
  const first = new Map<string, SourceEntry>();
  return entries.flatMap((entry) => {
    const known = first.get(entry.entry.key);
    if (known === undefined) first.set(entry.entry.key, entry);
    return known === undefined
      ? []
      : [entry.problemAt('key', `${entry.entry.key} is already used at line ${known.line}: every entry needs its own key`)];
  });
};

/** Parses one catalog source and returns all of its problems together. */
export const parseSourceFile = (
  file: string,
  text: string,
): { readonly entries: readonly SourceEntry[]; readonly problems: readonly Problem[] } => {
  const { document, problems } = YamlDocument.parse(file, text);
  if (problems.length > 0) return { entries: [], problems };
  const outer = parseOrFaults(z.strictObject({ models: z.array(z.unknown()) }), document.value, () => ['models']);
  if ('faults' in outer) {
    return {
      entries: [],
      problems: outer.faults.map(({ path, message }) =>
        document.problem(path, path.length === 0 ? 'must be `models:` with a list of entries' : message),
      ),
    };
  }
  const read = outer.data.models.map((raw, index) => readEntry(document, raw, index));
  const entries = read.flatMap(({ entry }) => entry ?? []);
  return { entries, problems: [...read.flatMap((one) => one.problems), ...repeatedKeys(entries)] };
};
