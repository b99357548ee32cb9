import { setMaxListeners } from 'node:events';
import pMap from 'p-map';
import { findBase } from '../../catalog/base.js';
import { compareCatalogs, type EntryChange } from '../../catalog/compare.js';
import { readCatalog, type Catalog } from '../../catalog/load.js';
import { catalogError } from '../../catalog/problem.js';
import { messageOf, SwpError } from '../../core/error.js';
import { plural } from '../../core/text.js';
import { fieldsOf, mistakesMarkdown, reviewMarkdown, reviewText, type EntryReview } from '../../plan/render/review.js';
import { catalogOptions } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hubName } from '../hub-name.js';
import { plannerHere } from '../plan-here.js';

export interface CatalogDiffOptions {
  /** A `skulk-weights.yaml`, or a directory with one. */
  readonly base: string;
  readonly markdown?: boolean;
}

/** Limit of the wait for the Hub: a job and the reader of its summary wait. */
const WITHIN_MS = 600_000;
const ENTRIES_IN_FLIGHT = 4;

const NOTHING: Pick<Catalog, 'entries'> = { entries: new Map() };

/** Plans each entry of the newer catalog as `--dry-run` does. An entry that cannot be planned says why. */
const reviewChanges = async (changes: readonly EntryChange[], { env, out, signal }: Context): Promise<EntryReview[]> => {
  if (changes.length === 0) return [];
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]);
  // Each request in flight adds a listener.
  setMaxListeners(0, deadline);
  const { hub, plan } = plannerHere(env, deadline);
  out.note(`Planning ${plural(changes.length, 'entry', 'entries')} with the data of ${hubName(hub)}.`);
  const review = async (change: EntryChange): Promise<EntryReview> => {
    const reviewed = { name: change.name, change: change.change, fields: fieldsOf(change), plan: null, reason: null };
    if (change.change === 'removed') return reviewed;
    try {
      return { ...reviewed, plan: (await plan(change.after)).shown };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SwpError) return { ...reviewed, reason: messageOf(error) };
      if (!deadline.aborted) throw error;
      return { ...reviewed, reason: `the limit of ${WITHIN_MS / 1000} s for all entries was reached` };
    }
  };
  return pMap(changes, review, { concurrency: ENTRIES_IN_FLIGHT });
};

/**
 * Compares this catalog with another one, and shows the plan of each entry that differs. Reports an unreachable Hub, a blocked
 * plan and mistakes in the other catalog, but does not fail: this catalog may fix those mistakes.
 */
export const catalogDiff = async ({ base, markdown = false }: CatalogDiffOptions, context: Context): Promise<ExitCode> => {
  const { out } = context;
  const [before, head] = await Promise.all([readCatalog(await findBase(context.cwd, base)), readCatalog(catalogOptions(context))]);
  if (head.catalog === null) {
    if (markdown && !out.json) out.data(null, () => mistakesMarkdown('The catalog', head.problems));
    throw catalogError(head.problems);
  }
  if (before.catalog === null)
    out.warn(`The catalog at ${base} has ${plural(before.problems.length, 'mistake')}: every entry counts as added.`);
  const changes = compareCatalogs(before.catalog ?? NOTHING, head.catalog);
  const reviews = await reviewChanges(changes, context);
  out.data({ base: { problems: before.problems }, entries: reviews }, () =>
    markdown ? reviewMarkdown(reviews, before.problems) : reviewText(reviews, out.paint),
  );
  return EXIT.ok;
};
