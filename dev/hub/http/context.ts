import type { IncomingHttpHeaders } from 'node:http';
import type { Machine } from '../../../core/machine.js';
import type { Identity } from '../auth.js';
import type { HubSettings } from '../options.js';
import type { RateLimiter } from '../rate-limit.js';
import type { UrlSigner } from '../signing.js';
import type { Store } from '../store/open-store.js';

/** State that every route uses. */
export interface HubState {
  readonly settings: HubSettings;
  readonly store: Store;
  readonly signer: UrlSigner;
  readonly limiter: RateLimiter;
  readonly machine: Machine;
  /** `url` and `cdnUrl` are origins without a trailing slash. */
  readonly url: string;
  readonly cdnUrl: string;
}

/** One request on its way through a route. */
export interface RequestContext {
  readonly hub: HubState;
  readonly method: string;
  /** Path as the client sent it: percent-encoded, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  readonly identity: Identity;
}

/** Returns a parameter that the route's pattern guarantees. */
export const param = (context: RequestContext, name: string): string => context.params[name] ?? '';

/** Returns a boolean of the query. Python clients capitalise booleans. */
export const flag = (context: RequestContext, name: string): boolean => /^(1|true)$/i.test(context.query.get(name) ?? '');

export const isRead = (context: RequestContext): boolean => context.method === 'GET' || context.method === 'HEAD';
