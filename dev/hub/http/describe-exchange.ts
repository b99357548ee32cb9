import type { Exchange } from '../operations.js';
import type { HubRequest } from './handle-request.js';
import type { Match } from './router.js';

const NO_PARAMS: Match['params'] = {};

/** Describes a request before its body is read: from the route's parameters, or from the query of a signed address. */
export const describeExchange = (
  { method, url: path, connection, headers: { range } }: HubRequest,
  match: Match | undefined,
  query: URLSearchParams,
): Exchange => {
  const operation = match?.route.operation ?? 'unknown';
  const base = { operation, method, path, connection, ...(range === undefined ? {} : { range }) } as const;
  if (match?.route.guard === 'signed') {
    const repo = query.get('repo');
    const file = query.get('file');
    const oid = match.params['oid'] ?? query.get('oid');
    const part = query.get('partNumber');
    return {
      ...base,
      ...(repo === null ? {} : { repo }),
      ...(file === null ? {} : { file }),
      ...(oid === null ? {} : { oid }),
      ...(part === null ? {} : { part: Number(part) }),
    };
  }
  const { owner, name, rest } = match?.params ?? NO_PARAMS;
  return {
    ...base,
    ...(owner === undefined || name === undefined ? {} : { repo: `${owner}/${name}` }),
    ...(rest === undefined || base.operation !== 'resolve' ? {} : { file: rest }),
  };
};
