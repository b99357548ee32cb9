import { ownerOf, type RepoId } from '../core/ids.js';
import { artifactsOf } from './artifacts.js';
import type { Catalog } from './load.js';

/** Values common to all entries of a source, used as defaults for a new entry. */
export interface SourceDefaults {
  /** Owner of the targets. */
  readonly namespace?: string;
  readonly collection?: string;
}

const commonValue = (values: readonly (string | undefined)[]): string | undefined => {
  const [first] = values;
  return values.every((value) => value === first) ? first : undefined;
};

export const sourceDefaults = ({ entries }: Catalog, source: string): SourceDefaults => {
  const own = [...entries.values()].filter((entry) => entry.source === source);
  const namespace = commonValue(own.flatMap(({ entry }) => artifactsOf(entry).map(({ target }) => ownerOf(target))));
  const collection = commonValue(own.map(({ entry }) => entry.hf_collection));
  return { ...(namespace === undefined ? {} : { namespace }), ...(collection === undefined ? {} : { collection }) };
};

/** Returns the directory names of all vindexes in lower case, because names are compared without case. */
export const outputsOf = ({ entries }: Catalog): ReadonlySet<string> =>
  new Set([...entries.values()].flatMap(({ entry }) => entry.output_name?.toLowerCase() ?? []));

/** A sidecar that the catalog already publishes: entries of one base model share it. */
export interface KnownSidecar {
  readonly kind: 'mtp' | 'vision';
  readonly source: RepoId;
  readonly target: RepoId;
}

export const sidecarsOf = ({ entries }: Catalog): KnownSidecar[] =>
  [...entries.values()]
    .flatMap(({ entry }) => artifactsOf(entry))
    .flatMap(({ kind, source, target }) => (kind === 'vindex' ? [] : [{ kind, source, target }]));
