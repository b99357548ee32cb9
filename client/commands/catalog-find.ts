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
  /** Lists what is no candidate too, with the reason. */
  readonly all?: true;
}

/** So many models are looked through before a search gives up. */
const MAX_LOOKED = 1_000;
/** Tags of a row that people look at: not those with a colon, which are for programs. */
const SHOWN_TAGS = 5;

interface Found extends ListedModel {
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

const row = (found: Found, all: boolean): string[] => [
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

/** `3 quantised, 1 derived`, most first. */
const tally = (left: readonly Found[]): string =>
  [...new Set(left.map(({ unfit }) => unfit))]
    .map((unfit) => ({ unfit, count: left.filter((found) => found.unfit === unfit).length }))
    .toSorted((a, b) => b.count - a.count)
    .map(({ unfit, count }) => `${count} ${unfit}`)
    .join(', ');

/** Lists models of the Hub that look publishable and that the catalog does not have. */
export const catalogFind = async ({ limit, all, ...search }: FindOptions, context: Context): Promise<ExitCode> => {
  const { out } = context;
  const known = knownRepos(await openCatalog(context));
  const judge = (model: ListedModel): Found => ({ ...model, license: licenseOf(model), unfit: unfitReasonOf(model, known) });
  const wanted = ({ unfit }: Found): boolean => all === true || unfit === null;
  const hub = sourceHub(context.env);
  const looked = await searchModels(
    hub,
    search,
    context,
    (models) => models.length >= MAX_LOOKED || models.map(judge).filter(wanted).length >= limit,
  );
  const judged = looked.map(judge);
  const fit = judged.filter(wanted);
  const shown = fit.slice(0, limit);
  const left = judged.filter((found) => !wanted(found));
  out.table(
    { models: shown, looked: judged.length },
    ['model', ...(all === true ? ['judged'] : []), 'downloads', 'likes', 'updated', 'access', 'license', 'task', 'tags'],
    shown.map((found) => row(found, all === true)),
  );
  if (left.length > 0) out.note(`Of ${plural(judged.length, 'model')}, ${left.length} are left out: ${tally(left)}. See them: --all`);
  if (fit.length > limit) out.note(`There are more: --limit ${limit * 2}`);
  const [first] = shown.filter(({ unfit }) => unfit === null);
  out.note(
    first === undefined
      ? `${hubName(hub)} shows no candidate: search for other words, or --author.`
      : `Look into one: swp catalog add ${first.repo} --dry-run`,
  );
  return EXIT.ok;
};
