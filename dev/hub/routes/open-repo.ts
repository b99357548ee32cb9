import { canReadContent, canSee, canWrite } from '../auth.js';
import { isRead, param, type RequestContext } from '../http/context.js';
import { empty, Refusal, refuse } from '../http/reply.js';
import type { CommitRecord } from '../store/commit-record.js';
import type { RepoRecord } from '../store/repo-record.js';

/** A stranger cannot tell a private repository from an absent one: 401 without a token, 404 with one. */
const repoNotFound = (context: RequestContext): Refusal =>
  context.identity === undefined
    ? refuse(401, 'Invalid username or password.', 'RepoNotFound')
    : refuse(404, 'Repository not found', 'RepoNotFound');

const named = (context: RequestContext): string => `${param(context, 'owner')}/${param(context, 'name')}`;

/**
 * The repository of the request's `:owner/:name`, or another one that it names, if its sender may see it. A read under another spelling is sent
 * to the canonical one with 307; a write acts on the canonical repository.
 */
export const openRepo = async (context: RequestContext, asked = named(context)): Promise<RepoRecord> => {
  const repo = await context.hub.store.repos.find(asked);
  if (repo === undefined || !canSee(context.identity, repo)) throw repoNotFound(context);
  if (repo.id !== asked && isRead(context) && context.path.includes(asked)) {
    const query = context.query.size === 0 ? '' : `?${context.query.toString()}`;
    throw new Refusal(empty(307, { Location: context.path.replace(asked, repo.id) + query }));
  }
  return repo;
};

/** As {@link openRepo}, for senders that may read file content. */
export const openRepoContent = async (context: RequestContext): Promise<RepoRecord> => {
  const repo = await openRepo(context);
  if (canReadContent(context.identity, repo)) return repo;
  const restricted = `Access to model ${repo.id} is restricted`;
  if (context.identity === undefined)
    throw refuse(401, `${restricted}. You must have access to it and be authenticated to access it. Please log in.`, 'GatedRepo');
  const page = `${context.hub.url}/${repo.id}`;
  throw refuse(403, `${restricted} and you are not in the authorized list. Visit ${page} to ask for access.`, 'GatedRepo');
};

/** As {@link openRepo}, for senders that may write to it. */
export const openRepoForWrite = async (context: RequestContext, asked = named(context)): Promise<RepoRecord> => {
  const repo = await openRepo(context, asked);
  if (canWrite(context.identity, repo.id.split('/')[0] ?? '')) return repo;
  throw context.identity === undefined
    ? refuse(401, 'Invalid username or password.')
    : refuse(403, 'Forbidden: you do not have the required permissions for this operation, or your token has no write access.');
};

/** The commit of a revision, `main` if the route has none. */
export const openRevision = async (context: RequestContext, repo: RepoRecord): Promise<CommitRecord> => {
  const revision = context.params['rev'] ?? 'main';
  const commit = await context.hub.store.repos.resolve(repo, revision);
  if (commit === undefined) throw refuse(404, `Invalid rev id: ${revision}`, 'RevisionNotFound');
  return commit;
};
