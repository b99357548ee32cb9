import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../auth.js';
import type { HubSettings } from '../options.js';
import type { RateLimiter } from '../rate-limit.js';
import type { UrlSigner } from '../signing.js';
import type { Store } from '../store/open-store.js';

/** What every route works with. */
export interface HubState {
  readonly settings: HubSettings;
  readonly store: Store;
  readonly signer: UrlSigner;
  readonly limiter: RateLimiter;
  readonly now: () => number;
  /** Origins, without a slash at the end. */
  readonly url: string;
  readonly cdnUrl: string;
}

/** One request on its way through a route. */
export interface RequestContext {
  readonly hub: HubState;
  readonly method: string;
  /** As it was sent, percent-encoded, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  readonly identity: Identity;
}

/** A parameter that the route's pattern guarantees. */
export const param = (context: RequestContext, name: string): string => context.params[name] ?? '';

/** Python writes booleans of a query capitalised. */
export const flag = (context: RequestContext, name: string): boolean => /^(1|true)$/i.test(context.query.get(name) ?? '');

export const isRead = (context: RequestContext): boolean => context.method === 'GET' || context.method === 'HEAD';
