import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { firstHeader } from './first-header.js';
import { LONGEST_WAIT } from './rate-limit.js';

/** The windows in which the Hub counts requests (hub-docs `rate-limits.md`). */
type Bucket = 'api' | 'resolvers';

interface Window {
  readonly quota: number;
  remaining: number;
  /** When it begins anew, in milliseconds since 1970. */
  readonly endsAt: number;
}

/** The Hub tells the end of a window in whole seconds. */
const ROUNDING_MS = 2_000;

const bucketOf = (url: URL): Bucket => (url.pathname.includes('/resolve/') ? 'resolvers' : 'api');

/** `"api";r=999;t=167` and `"fixed window";"api";q=1000;w=300`. */
const read = (headers: IncomingHttpHeaders, now: number): { readonly bucket: Bucket; readonly window: Window } | null => {
  const state = /^"(api|resolvers)";r=(\d{1,9});t=(\d{1,6})/.exec(firstHeader(headers['ratelimit']) ?? '');
  const quota = /"(api|resolvers)";q=(\d{1,9})/.exec(firstHeader(headers['ratelimit-policy']) ?? '');
  if (state === null || quota === null || state[1] !== quota[1]) return null;
  return {
    bucket: state[1] === 'api' ? 'api' : 'resolvers',
    window: { quota: Number(quota[2]), remaining: Number(state[2]), endsAt: now + Math.min(Number(state[3]) * 1000, LONGEST_WAIT) },
  };
};

/**
 * Keeps requests to a share of what the Hub lets a token ask in a window, so that work which nobody waits for leaves the
 * rest to those who publish with the same account. What it knows is what the Hub said last.
 */
export class RateBudget {
  private readonly windows = new Map<Bucket, Window>();

  constructor(private readonly share = 0.5) {}

  /** Resolves when a request may go out: at once, or when the window begins anew. Rejects when `signal` is aborted. */
  async take(url: URL, signal: AbortSignal): Promise<void> {
    const bucket = bucketOf(url);
    // As many requests as there are may wait for one signal; that is no leak.
    setMaxListeners(0, signal);
    for (;;) {
      const window = this.windows.get(bucket);
      const now = Date.now();
      if (window === undefined || now >= window.endsAt) return;
      if (window.remaining > window.quota * (1 - this.share)) {
        window.remaining -= 1;
        return;
      }
      await delay(window.endsAt - now, undefined, { signal });
    }
  }

  /** Takes note of what the Hub says with an answer. */
  told(headers: IncomingHttpHeaders): void {
    const found = read(headers, Date.now());
    if (found === null) return;
    const known = this.windows.get(found.bucket);
    // Answers come out of order: within a window the least that was heard counts, less what is under way.
    const isSame = known !== undefined && Math.abs(known.endsAt - found.window.endsAt) < ROUNDING_MS;
    const remaining = isSame ? Math.min(known.remaining, found.window.remaining) : found.window.remaining;
    this.windows.set(found.bucket, { ...found.window, remaining });
  }
}
