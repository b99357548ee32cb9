import type { RequestContext } from '../http/context.js';

/** Rows per page: what `limit` asks for, at most what the hub serves. */
export const pageSize = ({ query, hub }: RequestContext): number => {
  const asked = Number(query.get('limit') ?? Number.NaN);
  const limit = Number.isInteger(asked) && asked > 0 ? asked : Infinity;
  return Math.min(limit, hub.settings.pageSize);
};

/** The `Link` header to the next page: the same request with other paging parameters. */
export const pageLink = (context: RequestContext, change: Readonly<Record<string, string>>): { Link: string } => {
  const url = new URL(context.path, context.hub.url);
  for (const [name, value] of context.query) url.searchParams.append(name, value);
  for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
  return { Link: `<${url.href}>; rel="next"` };
};
