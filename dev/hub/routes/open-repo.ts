import { canReadContent, canSee, canWrite } from '../auth.js';
import { isRead, param, type RequestContext } from '../http/context.js';
import { empty, Refusal, refuse } from '../http/reply.js';
import type { CommitRecord } from '../store/commit-record.js';
import type { RepoRecord } from '../store/repo-record.js';

/**
 * Returns the same refusal for a private and an absent repository, so that a stranger cannot distinguish them: 401 without a
 * token, 404 with one.
 */
const repoNotFound = (context: RequestContext): Refusal =>
  context.identity === undefined
    ? refuse(401, 'Invalid username or password.', 'RepoNotFound')
    : refuse(404, 'Repository not found', 'RepoNotFound');

const routeRepo = (context: RequestContext): string => `${param(context, 'owner')}/${param(context, 'name')}`;

/**
 * Returns the repository of the request's `:owner/:name`, or another one that the request names, if the sender may see it. A
 * read with another spelling is redirected to the canonical name with 307; a write acts on the canonical repository.
 */
export const openRepo = async (context: RequestContext, requested = routeRepo(context)): Promise<RepoRecord> => {
  const repo = await context.hub.store.repos.find(requested);
  if (repo === undefined || !canSee(context.identity, repo)) throw repoNotFound(context);
  if (repo.id !== requested && isRead(context) && context.path.includes(requested)) {
    const query = context.query.size === 0 ? '' : `?${context.query.toString()}`;
    throw new Refusal(empty(307, { Location: context.path.replace(requested, repo.id) + query }));
  }
  return repo;
};

/** Like {@link openRepo}, but only for senders that may read file content. */
export const openRepoContent = async (context: RequestContext): Promise<RepoRecord> => {
  const repo = await openRepo(context);
  if (canReadContent(context.identity, repo)) return repo;
  const restricted = `Access to model ${repo.id} is restricted`;
  if (context.identity === undefined)
    throw refuse(401, `${restricted}. You must have access to it and be authenticated to access it. Please log in.`, 'GatedRepo');
  const page = `${context.hub.url}/${repo.id}`;
  throw refuse(403, `${restricted} and you are not in the authorized list. Visit ${page} to ask for access.`, 'GatedRepo');
};

/** Like {@link openRepo}, but only for senders that may write to the repository. */
export const openRepoForWrite = async (context: RequestContext, requested = routeRepo(context)): Promise<RepoRecord> => {
  const repo = await openRepo(context, requested);
  if (canWrite(context.identity, repo.id.split('/')[0] ?? '')) return repo;
  throw context.identity === undefined
    ? refuse(401, 'Invalid username or password.')
    : refuse(403, 'Forbidden: you do not have the required permissions for this operation, or your token has no write access.');
};

/** Returns the commit of the route's revision, or of `main` if the route has none. */
export const openRevision = async (context: RequestContext, repo: RepoRecord): Promise<CommitRecord> => {
  const revision = context.params['rev'] ?? 'main';
  const commit = await context.hub.store.repos.resolve(repo, revision);
  if (commit === undefined) throw refuse(404, `Invalid rev id: ${revision}`, 'RevisionNotFound');
  return commit;
};
