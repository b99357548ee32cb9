import { flag } from '../http/context.js';
import { json } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { describeModel, expanded } from './describe-model.js';
import { openRepo, openRevision } from './open-repo.js';

const modelInfo: Pick<Route, 'operation' | 'method' | 'guard' | 'handle'> = {
  operation: 'model-info',
  method: 'GET',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepo(context);
    const commit = await openRevision(context, repo);
    const info = await describeModel(context.hub, repo, commit, flag(context, 'blobs'));
    return json(200, expanded(context.query, info) ?? info);
  },
};

export const modelInfoRoutes: readonly Route[] = [
  { ...modelInfo, path: '/api/models/:owner/:name' },
  { ...modelInfo, path: '/api/models/:owner/:name/revision/:rev' },
];
