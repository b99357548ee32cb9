import { plural } from '../../core/text.js';
import { searchModels, type ModelSearch, type ListedModel } from '../../hub/read/search.js';
import { knownRepos, unfitReasonOf, type UnfitReason } from '../../plan/proposal/candidate.js';
import { openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hubName } from '../hub-name.js';
import { sourceHub } from '../open-source.js';

export interface FindOptions {
  readonly query?: string;
  readonly author?: string;
  readonly sort: ModelSearch['sort'];
  readonly limit: number;
  /** Also lists models that are not candidates, with the reason. */
  readonly all?: true;
}

/** Maximum number of models to examine before a search gives up. */
const MAX_EXAMINED = 1_000;
/** Number of tags in a row. Tags with a colon are for programs, and are left out. */
const SHOWN_TAGS = 5;

interface FoundModel extends ListedModel {
  readonly license: string | null;
  readonly unfit: UnfitReason | null;
}

const licenseOf = ({ tags }: ListedModel): string | null =>
  tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length) ?? null;

const shownTags = ({ tags, task }: ListedModel): string =>
  tags
    .filter((tag) => !tag.includes(':') && tag !== task && tag !== 'safetensors')
    .slice(0, SHOWN_TAGS)
    .join(', ');

const row = (found: FoundModel, all: boolean): string[] => [
  found.repo,
  ...(all ? [found.unfit ?? 'candidate'] : []),
  String(found.downloads),
  String(found.likes),
  found.updated?.slice(0, 10) ?? '',
  `${found.gated ? 'gated' : ''}${found.private ? ' private' : ''}`.trim(),
  found.license ?? '',
  found.task ?? '',
  shownTags(found),
];

/** Formats the number of models by reason, highest first: `3 quantised, 1 derived`. */
const tally = (leftOut: readonly FoundModel[]): string =>
  [...new Set(leftOut.map(({ unfit }) => unfit))]
    .map((unfit) => ({ unfit, count: leftOut.filter((found) => found.unfit === unfit).length }))
    .toSorted((a, b) => b.count - a.count)
    .map(({ unfit, count }) => `${count} ${unfit}`)
    .join(', ');

/** Lists models of the Hub that look publishable and that the catalog does not have. */
export const catalogFind = async ({ limit, all, ...search }: FindOptions, context: Context): Promise<ExitCode> => {
  const { out } = context;
  const known = knownRepos(await openCatalog(context));
  const classify = (model: ListedModel): FoundModel => ({ ...model, license: licenseOf(model), unfit: unfitReasonOf(model, known) });
  const wanted = ({ unfit }: FoundModel): boolean => all === true || unfit === null;
  const hub = sourceHub(context.env);
  const examined = await searchModels(
    hub,
    search,
    context,
    (models) => models.length >= MAX_EXAMINED || models.map(classify).filter(wanted).length >= limit,
  );
  const classified = examined.map(classify);
  const fit = classified.filter(wanted);
  const shown = fit.slice(0, limit);
  const leftOut = classified.filter((found) => !wanted(found));
  out.table(
    { models: shown, looked: classified.length },
    ['model', ...(all === true ? ['class'] : []), 'downloads', 'likes', 'updated', 'access', 'license', 'task', 'tags'],
    shown.map((found) => row(found, all === true)),
  );
  if (leftOut.length > 0)
    out.note(`Of ${plural(classified.length, 'model')}, ${leftOut.length} are left out: ${tally(leftOut)}. To list them: --all`);
  if (fit.length > limit) out.note(`There are more. To list them: --limit ${limit * 2}`);
  const [first] = shown.filter(({ unfit }) => unfit === null);
  out.note(
    first === undefined
      ? `${hubName(hub)} has no candidates for this search: try other words, or --author.`
      : `Look at a proposal: swp catalog add ${first.repo} --dry-run`,
  );
  return EXIT.ok;
};
