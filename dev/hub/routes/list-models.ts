import { z } from 'zod';
import { repoKey } from '../../../core/ids.js';
import { canSee } from '../auth.js';
import type { RequestContext } from '../http/context.js';
import { json, refuse } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { describeModel, expanded, type Description } from './describe-model.js';
import { pageLink, pageSize } from './paging.js';

const SORTS = ['createdAt', 'downloads', 'lastModified', 'likes', 'trendingScore'] as const;

const Flag = z.enum(['true', 'false', 'True', 'False', '0', '1']);

/** The parameters that the Hub documents for the list of models. Any other parameter is a mistake of the client. */
const Query = z.strictObject({
  search: z.string().optional(),
  author: z.string().optional(),
  pipeline_tag: z.string().optional(),
  gated: Flag.optional(),
  sort: z.enum(SORTS).default('trendingScore'),
  direction: z.enum(['-1', '1']).default('-1'),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/)
    .optional(),
  full: Flag.optional(),
  cardData: Flag.optional(),
  config: Flag.optional(),
  cursor: z.string().optional(),
});

/** These parameters may be repeated; all their values count. */
const REPEATED = ['filter', 'expand', 'expand[]'];

const parse = (query: URLSearchParams): z.infer<typeof Query> => {
  const single = [...query.keys()].filter((name) => !REPEATED.includes(name));
  const duplicate = single.find((name, at) => single.indexOf(name) !== at);
  if (duplicate !== undefined) throw refuse(400, `"${duplicate}" must be there once`);
  const parsed = Query.safeParse(Object.fromEntries(single.map((name) => [name, query.get(name)])));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(400, `"${issue?.path.join('.')}": ${issue?.message}`);
};

/** A cursor is the offset of the next page, encoded so that clients treat it as opaque. */
const encodeCursor = (offset: number): string => Buffer.from(`{"offset":${offset}}`).toString('base64url');
const decodeCursor = (cursor: string | undefined): number => {
  if (cursor === undefined) return 0;
  const found = /^\{"offset":(\d{1,9})\}$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (found === undefined) throw refuse(400, '"cursor" is not valid');
  return Number(found);
};

const isTrue = (flag: string | undefined): boolean => flag !== undefined && /^(1|true)$/i.test(flag);

/** Fields of a model in a list, unless the request asks for more. */
const SHORT = [
  '_id',
  'id',
  'modelId',
  'likes',
  'trendingScore',
  'private',
  'downloads',
  'tags',
  'pipeline_tag',
  'library_name',
  'createdAt',
];
const FULL = [...SHORT, 'author', 'gated', 'disabled', 'lastModified', 'sha', 'siblings'];

const matching = async (
  context: RequestContext,
  { search, author, pipeline_tag: pipeline, gated }: z.infer<typeof Query>,
): Promise<Description[]> => {
  const { hub, identity, query } = context;
  const filters = query.getAll('filter');
  const found: Description[] = [];
  for (const repo of await hub.store.repos.list()) {
    if (!canSee(identity, repo)) continue;
    if (author !== undefined && repoKey(repo.id.split('/')[0] ?? '') !== repoKey(author)) continue;
    if (search !== undefined && !search.split(/\s+/).every((word) => repoKey(repo.id).includes(repoKey(word)))) continue;
    if (gated !== undefined && isTrue(gated) !== (repo.gated !== false)) continue;
    const commit = await hub.store.repos.resolve(repo, 'main');
    if (commit === undefined) continue;
    const whole = await describeModel(hub, repo, commit, false);
    const { tags } = whole;
    if (!filters.every((tag) => Array.isArray(tags) && tags.includes(tag))) continue;
    if (pipeline === undefined || whole['pipeline_tag'] === pipeline) found.push(whole);
  }
  return found;
};

const compare = (a: unknown, b: unknown): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
};

const list: Route = {
  operation: 'list-models',
  method: 'GET',
  path: '/api/models',
  guard: 'token',
  handle: async (context) => {
    const query = parse(context.query);
    const start = decodeCursor(query.cursor);
    const sign = query.direction === '-1' ? -1 : 1;
    // Sort equal models by name, so that pages neither repeat nor omit a model.
    const all = (await matching(context, query)).toSorted(
      (a, b) => sign * compare(a[query.sort], b[query.sort]) || compare(a['id'], b['id']),
    );
    const end = start + pageSize(context);
    const fields = [...(isTrue(query.full) ? FULL : SHORT), ...(isTrue(query.cardData) ? ['cardData'] : [])];
    const page = all
      .slice(start, end)
      .map(
        (whole) => expanded(context.query, whole) ?? Object.fromEntries(Object.entries(whole).filter(([name]) => fields.includes(name))),
      );
    return json(200, page, end < all.length ? pageLink(context, { cursor: encodeCursor(end) }) : {});
  },
};

export const listModelsRoutes: readonly Route[] = [list];
