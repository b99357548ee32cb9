import { reviewCatalogs } from '../../publish/planning/review-catalogs.js';
import { findBase } from '../../catalog/base.js';
import { compareCatalogs } from '../../catalog/compare.js';
import { readCatalog, type Catalog } from '../../catalog/load.js';
import { catalogError } from '../../catalog/problem.js';
import { plural } from '../../core/text.js';
import { hubConfigFromEnv, withPatience } from '../../hub/config.js';
import { mistakesMarkdown, reviewMarkdown } from '../../plan/render/review-markdown.js';
import { reviewText } from '../../plan/render/review-text.js';
import { readSettings } from '../../settings/settings.js';
import { swpTools } from '../../publish/planning/tools.js';
import { catalogOptions } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hubName } from '../hub-name.js';

export interface CatalogDiffOptions {
  /** A `skulk-weights.yaml`, or a directory with one. */
  readonly base: string;
  readonly markdown?: boolean;
}

/** Limits of the wait for the Hub: a job and the reader of its summary wait. Facts that come later count as unknown. */
const ATTEMPTS = 4;
const WITHIN_MS = 600_000;

const NOTHING: Pick<Catalog, 'entries'> = { entries: new Map() };

/**
 * Compares this catalog with another one, and shows how the plans change. Reports an unreachable Hub, a blocked plan and
 * mistakes in the other catalog, but does not fail: this catalog may fix those mistakes.
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
  const hub = withPatience(hubConfigFromEnv(context.env), ATTEMPTS);
  if (changes.length > 0) out.note(`Planning ${plural(changes.length, 'entry', 'entries')} with the data of ${hubName(hub)}.`);
  const { proveShards } = readSettings(context.env);
  const reviews = await reviewCatalogs({ hub, tools: swpTools(), proveShards }, changes, { withinMs: WITHIN_MS }, context.signal);
  out.data({ base: { problems: before.problems }, entries: reviews }, () =>
    markdown ? reviewMarkdown(reviews, before.problems) : reviewText(reviews, out.paint),
  );
  return EXIT.ok;
};
