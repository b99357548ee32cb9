import type { RequestContext } from '../http/context.js';

/** Returns the rows per page: the requested `limit`, but at most the hub's page size. */
export const pageSize = ({ query, hub }: RequestContext): number => {
  const requested = Number(query.get('limit') ?? Number.NaN);
  const limit = Number.isInteger(requested) && requested > 0 ? requested : Infinity;
  return Math.min(limit, hub.settings.pageSize);
};

/** Returns the `Link` header to the next page: the same request with other paging parameters. */
export const pageLink = (context: RequestContext, change: Readonly<Record<string, string>>): { Link: string } => {
  const url = new URL(context.path, context.hub.url);
  for (const [name, value] of context.query) url.searchParams.append(name, value);
  for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
  return { Link: `<${url.href}>; rel="next"` };
};
