import { repoKey, sameRepo } from '../../core/ids.js';
import type { TokenSpec } from './options.js';
import type { RepoRecord } from './store/repo-record.js';

/** The bearer of a known token, or undefined for a request without one. */
export type Identity = TokenSpec | undefined;

/** Returns the bearer of an Authorization header; `invalid` for an unknown token, which the Hub refuses even for public reads. */
export const identify = (tokens: readonly TokenSpec[], authorization: string | undefined): Identity | 'invalid' => {
  if (authorization === undefined) return undefined;
  const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
  return tokens.find((spec) => spec.token === token) ?? 'invalid';
};

/** Returns true if a namespace is the user's own or belongs to one of their organisations. */
export const ownsNamespace = (identity: Identity, namespace: string): boolean =>
  identity !== undefined && [identity.user, ...identity.orgs].some((own) => repoKey(own) === repoKey(namespace));

const namespaceOf = (repo: string): string => repo.slice(0, repo.indexOf('/'));

export const canSee = (identity: Identity, repo: RepoRecord): boolean => !repo.private || ownsNamespace(identity, namespaceOf(repo.id));

/** Gated repositories show their file list to everyone, but their content only to admitted users. */
export const canReadContent = (identity: Identity, repo: RepoRecord): boolean =>
  repo.gated === false ||
  ownsNamespace(identity, namespaceOf(repo.id)) ||
  (identity?.gatedAccess ?? []).some((admitted) => sameRepo(admitted, repo.id));

export const canWrite = (identity: Identity, namespace: string): boolean =>
  identity?.role === 'write' && ownsNamespace(identity, namespace);

export const canCreate = (identity: Identity, namespace: string): boolean => canWrite(identity, namespace) && identity?.canCreate !== false;
