import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../core/machine.js';
import { firstHeader } from './first-header.js';
import { LONGEST_WAIT_MS } from './rate-limit.js';

/** The buckets in which the Hub counts requests (hub-docs `rate-limits.md`). */
type Bucket = 'api' | 'resolvers';

interface Window {
  readonly quota: number;
  remaining: number;
  /** The end of the window, in milliseconds since 1970. */
  readonly endsAt: number;
}

/** The share of each window that background work may use. */
const SHARE = 0.5;
/** Tolerance for comparing ends of windows, which the Hub states in whole seconds. */
const ROUNDING_MS = 2_000;

const bucketOf = (url: URL): Bucket => (url.pathname.includes('/resolve/') ? 'resolvers' : 'api');

/** Parses headers such as `"api";r=999;t=167` and `"fixed window";"api";q=1000;w=300`. */
const parseWindow = (headers: IncomingHttpHeaders, now: number): { readonly bucket: Bucket; readonly window: Window } | null => {
  const state = /^"(api|resolvers)";r=(\d{1,9});t=(\d{1,6})/.exec(firstHeader(headers['ratelimit']) ?? '');
  const quota = /"(api|resolvers)";q=(\d{1,9})/.exec(firstHeader(headers['ratelimit-policy']) ?? '');
  if (state === null || quota === null || state[1] !== quota[1]) return null;
  return {
    bucket: state[1] === 'api' ? 'api' : 'resolvers',
    window: { quota: Number(quota[2]), remaining: Number(state[2]), endsAt: now + Math.min(Number(state[3]) * 1000, LONGEST_WAIT_MS) },
  };
};

/**
 * Limits requests to a share of the token's rate limit in each window, so that background work leaves the rest to
 * publishes with the same account. It relies on the most recent rate-limit headers of the Hub.
 */
export class RateBudget {
  private readonly windows = new Map<Bucket, Window>();

  constructor(private readonly clock: Clock) {}

  /** Resolves when a request may be sent: immediately, or after the window ends. Rejects if `signal` is aborted. */
  async take(url: URL, signal: AbortSignal): Promise<void> {
    const bucket = bucketOf(url);
    // Any number of requests may wait for one signal, which is not a listener leak.
    setMaxListeners(0, signal);
    for (;;) {
      const window = this.windows.get(bucket);
      const now = this.clock.now();
      if (window === undefined || now >= window.endsAt) return;
      if (window.remaining > window.quota * (1 - SHARE)) {
        window.remaining -= 1;
        return;
      }
      await this.clock.sleep(window.endsAt - now, signal);
    }
  }

  /** Records the rate-limit headers of an answer. */
  observe(headers: IncomingHttpHeaders): void {
    const found = parseWindow(headers, this.clock.now());
    if (found === null) return;
    const known = this.windows.get(found.bucket);
    // Answers arrive out of order: within a window the smallest count is valid. `take` has subtracted the requests in
    // flight.
    const isSame = known !== undefined && Math.abs(known.endsAt - found.window.endsAt) < ROUNDING_MS;
    const remaining = isSame ? Math.min(known.remaining, found.window.remaining) : found.window.remaining;
    this.windows.set(found.bucket, { ...found.window, remaining });
  }
}
