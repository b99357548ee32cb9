import { z } from 'zod';
import { parseInput, readBytes, readJson } from '../http/body.js';
import { flag, type RequestContext } from '../http/context.js';
import { json, refuse } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { listHistory } from '../store/history.js';
import { openRepo, openRevision } from './open-repo.js';
import { pageLink, pageSize } from './paging.js';
import { expandRows, listTree, type TreeRow } from './tree-rows.js';

/** Returns the cursor of the page that starts after this row. */
const cursorOf = (row: TreeRow): string => Buffer.from(row.path).toString('base64url');

const tree: Route = {
  operation: 'tree',
  method: 'GET',
  path: '/api/models/:owner/:name/tree/:rev/*',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepo(context);
    const commit = await openRevision(context, repo);
    const directory = (context.params['rest'] ?? '').replace(/\/$/, '');
    const prefix = directory === '' ? '' : `${directory}/`;
    const all = listTree(commit, { withXet: context.hub.settings.serverCopy });
    if (directory !== '' && !all.some((row) => row.type === 'directory' && row.path === directory))
      throw refuse(404, `${directory} does not exist on "${context.params['rev']}"`, 'EntryNotFound');

    const recursive = flag(context, 'recursive');
    const inside = all.filter((row) => row.path.startsWith(prefix) && (recursive || !row.path.slice(prefix.length).includes('/')));
    const cursor = context.query.get('cursor');
    const start = cursor === null ? 0 : inside.findIndex((row) => cursorOf(row) === cursor) + 1;
    if (cursor !== null && start === 0) throw refuse(400, 'Invalid cursor');
    const page = inside.slice(start, start + pageSize(context));
    const last = page.at(-1);
    const more = last !== undefined && start + page.length < inside.length;
    const rows = flag(context, 'expand') ? expandRows(page, await listHistory(context.hub.store.repos, repo.id, commit)) : page;
    return json(200, rows, more ? pageLink(context, { cursor: cursorOf(last) }) : {});
  },
};

const PathsBody = z.object({
  paths: z.union([z.string().transform((path) => [path]), z.array(z.string())]),
  expand: z.boolean().nullish(),
});

/** Reads the requested paths. The JavaScript client sends JSON, the Python client a form. */
const readPaths = async ({ headers, body }: RequestContext): Promise<z.output<typeof PathsBody>> => {
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded') !== true) return readJson(body, PathsBody);
  const form = new URLSearchParams((await readBytes(body)).toString('utf8'));
  return parseInput(PathsBody, { paths: form.getAll('paths'), expand: /^(1|true)$/i.test(form.get('expand') ?? '') });
};

const pathsInfo: Route = {
  operation: 'paths-info',
  method: 'POST',
  path: '/api/models/:owner/:name/paths-info/:rev',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepo(context);
    const commit = await openRevision(context, repo);
    const wanted = await readPaths(context);
    const byPath = new Map(listTree(commit, { withXet: context.hub.settings.serverCopy }).map((row) => [row.path, row]));
    const rows = wanted.paths.map((path) => byPath.get(path.replace(/\/$/, ''))).filter((row) => row !== undefined);
    return json(200, wanted.expand === true ? expandRows(rows, await listHistory(context.hub.store.repos, repo.id, commit)) : rows);
  },
};

export const treeRoutes: readonly Route[] = [tree, pathsInfo];
