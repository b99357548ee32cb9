import { json } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { listHistory } from '../store/history.js';
import { openRepo, openRevision } from './open-repo.js';
import { pageLink, pageSize } from './paging.js';

const commits: Route = {
  operation: 'commits',
  method: 'GET',
  path: '/api/models/:owner/:name/commits/:rev',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepo(context);
    const history = await listHistory(context.hub.store.repos, repo.id, await openRevision(context, repo));
    const size = pageSize(context);
    const page = Math.max(0, Math.trunc(Number(context.query.get('p') ?? 0)) || 0);
    const rows = history.slice(page * size, (page + 1) * size).map(({ id, title, body, user, at }) => ({
      id,
      title,
      message: body,
      authors: [{ user, avatar: '' }],
      date: new Date(at).toISOString(),
    }));
    const more = (page + 1) * size < history.length;
    return json(200, rows, { 'X-Total-Count': String(history.length), ...(more ? pageLink(context, { p: String(page + 1) }) : {}) });
  },
};

const refs: Route = {
  operation: 'refs',
  method: 'GET',
  path: '/api/models/:owner/:name/refs',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepo(context);
    return json(200, { branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit: repo.head }], converts: [], tags: [] });
  },
};

export const historyRoutes: readonly Route[] = [commits, refs];
