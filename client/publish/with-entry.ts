import { isEntryName } from '../../catalog/entry-name.js';
import { readCatalog } from '../../catalog/load.js';
import { nearestName } from '../../core/nearest.js';
import { SwpError } from '../../core/error.js';
import { catalogOptions, entryName } from '../catalog.js';
import type { Context } from '../context.js';
import type { TemporalClient } from '../../temporal/connect-client.js';
import { withTemporal } from './connect.js';
import { listPages } from '../../temporal/list-workflows.js';

/** Maximum number of publishes to search for a name. */
const MAX_SEARCHED = 1_000;

const publishedNames = async (temporal: TemporalClient): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const page of listPages(temporal, "WorkflowType = 'publishEntry'")) {
    names.push(...page.map(({ entry }) => entry).filter(isEntryName));
    if (names.length >= MAX_SEARCHED) break;
  }
  return [...new Set(names)];
};

const keyOf = (name: string): string => name.slice(name.indexOf('/') + 1);

interface KnownEntries {
  readonly catalog: readonly string[];
  readonly published: readonly string[];
}

/** Returns every name that the user may have meant. */
const knownNames = async (temporal: TemporalClient, context: Context): Promise<KnownEntries> => ({
  catalog: [...(await readCatalog(catalogOptions(context))).validEntries.keys()],
  published: await publishedNames(temporal),
});

/** Suggests the nearest name. Compares a name without its source with keys. */
const suggest = (given: string, { catalog, published }: KnownEntries): string | undefined => {
  const names = [...new Set([...catalog, ...published])];
  if (given.includes('/')) return nearestName(given, names);
  const near = nearestName(given, names.map(keyOf));
  const [only, ...others] = names.filter((name) => keyOf(name) === near);
  return others.length > 0 ? near : only;
};

const unknown = (given: string, error: SwpError, known: KnownEntries): SwpError => {
  if (known.catalog.includes(given)) return error;
  const near = suggest(given, known);
  return new SwpError(error.kind, error.code, error.message, {
    hint: near === undefined ? 'List entries with `swp catalog list`, and publishes with `swp status`.' : `Did you mean ${near}?`,
  });
};

/** Returns the only published entry with this key, for an entry that is no longer in the catalog. */
const publishedAs = async (temporal: TemporalClient, key: string, error: SwpError, context: Context): Promise<string> => {
  const known = await knownNames(temporal, context);
  const [only, ...others] = known.published.filter((name) => keyOf(name) === key.toLowerCase());
  if (only !== undefined && others.length === 0) return only;
  throw unknown(key, error, known);
};

const hasCode = (error: unknown, code: string): error is SwpError => error instanceof SwpError && error.code === code;

/**
 * Runs a function with a connected Temporal client and the full name of an entry, from the catalog or from a publish that the
 * server knows. For an unknown name the error suggests the nearest known one.
 *
 * @throws SwpError `catalog/unknown-entry`, `publish/none`
 */
export const withEntry = async <T>(
  context: Context,
  given: string,
  run: (temporal: TemporalClient, entry: string) => Promise<T>,
): Promise<T> => {
  const named = await entryName(context, given).catch((error: unknown) => {
    if (hasCode(error, 'catalog/unknown-entry')) return error;
    throw error;
  });
  return withTemporal(context, async (temporal) => {
    const entry = named instanceof SwpError ? await publishedAs(temporal, given, named, context) : named;
    try {
      return await run(temporal, entry);
    } catch (error) {
      throw hasCode(error, 'publish/none') ? unknown(entry, error, await knownNames(temporal, context)) : error;
    }
  });
};
