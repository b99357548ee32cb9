import { json, refuse } from '../http/reply.js';
import { param } from '../http/context.js';
import type { Route } from '../http/router.js';
import { commitChanges } from '../store/commit-changes.js';
import { readCommitBody } from './commit-body.js';
import { openRepoForWrite } from './open-repo.js';

const danglingMessage = (paths: readonly string[]): string =>
  'Your push was rejected because an LFS pointer pointed to a file that does not exist. ' +
  'For instance, this can happen if you used git push --no-verify to push your changes. ' +
  `Offending file${paths.length === 1 ? '' : 's'}: ${paths.map((path) => `- ${path}`).join(' ')}`;

const commit: Route = {
  operation: 'commit',
  method: 'POST',
  path: '/api/models/:owner/:name/commit/:rev',
  guard: 'token',
  handle: async (context) => {
    const { hub, identity } = context;
    const repo = await openRepoForWrite(context);
    const revision = param(context, 'rev');
    if (!['main', 'refs/heads/main'].includes(revision)) throw refuse(404, `Invalid rev id: ${revision}`, 'RevisionNotFound');
    if (context.query.has('create_pr')) throw refuse(400, 'This hub has no pull requests.');
    const { header, operations } = await readCommitBody(context.body, hub.store, repo.id);
    const outcome = await commitChanges(hub.store.repos, repo.id, {
      title: header.summary,
      body: header.description ?? '',
      user: identity?.user ?? '',
      parent: header.parentCommit ?? undefined,
      operations,
    });
    switch (outcome.kind) {
      case 'committed':
        return json(200, {
          success: true,
          commitOid: outcome.commit.id,
          commitUrl: `${hub.url}/${repo.id}/commit/${outcome.commit.id}`,
          hookOutput: '',
        });
      case 'no-repo':
        throw refuse(404, 'Repository not found', 'RepoNotFound');
      case 'moved':
        throw refuse(412, 'A commit has happened since. Please refresh and try again.');
      case 'missing':
        throw refuse(404, `A file with this name doesn't exist: ${outcome.path}`, 'EntryNotFound');
      case 'invalid':
        throw refuse(400, outcome.reason);
      case 'dangling':
        throw refuse(400, danglingMessage(outcome.paths));
    }
  },
};

export const commitRoutes: readonly Route[] = [commit];
