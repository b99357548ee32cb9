import { repoKey } from '../core/ids.js';
import { artifactsOf } from './artifacts.js';
import type { Problem } from './problem.js';
import type { SourceEntry } from './source-file.js';

/** An entry of the merged catalog. */
export interface NamedEntry extends SourceEntry {
  readonly name: string;
}

const TARGET_FIELD = { vindex: 'hf_repo', mtp: 'mtp_sidecar_repo', vision: 'vision_sidecar_repo' } as const;

/** Fields in which two entries that share a sidecar must agree. */
const AGREEMENT = {
  mtp: ['mtp_source_repo', 'mtp_source_revision', 'mtp_names'],
  vision: ['vision_source_repo', 'vision_source_revision'],
} as const;

const DEFAULTS: Readonly<Record<string, string>> = { mtp_names: 'skulk' };

const isSame = (field: string, a: NamedEntry, b: NamedEntry): boolean => {
  const value = (entry: NamedEntry): unknown => {
    const given: unknown = (entry.entry as Readonly<Record<string, unknown>>)[field] ?? DEFAULTS[field];
    return typeof given === 'string' && field.endsWith('_repo') ? repoKey(given) : given;
  };
  return value(a) === value(b);
};

/** Two entries may share a sidecar if they describe the same one; a vindex belongs to one entry. */
const shareProblems = (first: NamedEntry, second: NamedEntry, kind: 'vindex' | 'mtp' | 'vision'): Problem[] => {
  const field = TARGET_FIELD[kind];
  if (kind === 'vindex') return [second.problemAt(field, `is already the target of ${first.name}`)];
  return AGREEMENT[kind]
    .filter((part) => !isSame(part, first, second))
    .map((part) => second.problemAt(part, `differs from ${first.name}, which publishes the same ${field}`));
};

/** Checks targets by name, compared as the Hub compares them: each receives one kind, from entries that agree. */
const targetProblems = (entries: readonly NamedEntry[]): Problem[] => {
  const owners = new Map<string, { readonly entry: NamedEntry; readonly kind: 'vindex' | 'mtp' | 'vision' }>();
  return entries.flatMap((entry) =>
    artifactsOf(entry.entry).flatMap(({ kind, target }) => {
      const key = repoKey(target);
      const owner = owners.get(key);
      if (owner === undefined) {
        owners.set(key, { entry, kind });
        return [];
      }
      if (owner.entry === entry) return [];
      if (owner.kind !== kind)
        return [
          entry.problemAt(
            TARGET_FIELD[kind],
            `is already the ${owner.kind} target of ${owner.entry.name}: a repository can hold only one kind`,
          ),
        ];
      return shareProblems(owner.entry, entry, kind);
    }),
  );
};

const outputProblems = (entries: readonly NamedEntry[]): Problem[] => {
  const owners = new Map<string, NamedEntry>();
  return entries.flatMap((entry) => {
    const name = entry.entry.output_name?.toLowerCase();
    const owner = name === undefined ? undefined : owners.get(name);
    if (name !== undefined && owner === undefined) owners.set(name, entry);
    return owner === undefined ? [] : [entry.problemAt('output_name', `is already the output of ${owner.name}`)];
  });
};

/** An entry must not read a repository that another entry writes: it could change during the read. */
const sourceProblems = (entries: readonly NamedEntry[]): Problem[] => {
  const targets = new Map(entries.flatMap((entry) => artifactsOf(entry.entry).map(({ target }) => [repoKey(target), entry] as const)));
  return entries.flatMap((entry) =>
    artifactsOf(entry.entry).flatMap(({ kind, source }) => {
      const writer = targets.get(repoKey(source));
      return writer === undefined || writer === entry
        ? []
        : [
            entry.problemAt(
              kind === 'vindex' ? 'source_model' : `${kind}_source_repo`,
              `is a target of ${writer.name}: a target must never be a source`,
            ),
          ];
    }),
  );
};

/** Returns the conflicts between entries of the merged catalog. */
export const crossProblems = (entries: readonly NamedEntry[]): Problem[] => [
  ...targetProblems(entries),
  ...outputProblems(entries),
  ...sourceProblems(entries),
];
