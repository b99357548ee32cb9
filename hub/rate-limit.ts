import type { IncomingHttpHeaders } from 'node:http';

const SECOND = 1000;
/** Nobody is believed who asks for more. */
const LONGEST_WAIT = 3_600_000;

const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const retryAfter = (text: string | undefined, now: number): number | null => {
  if (text === undefined) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * SECOND;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
};

/** `RateLimit: "api";r=0;t=167`: nothing remains, and the window ends in 167 s. */
const windowEnd = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const remaining = /(?:^|;)\s*r=(\d+)/.exec(text)?.[1];
  const seconds = /(?:^|;)\s*t=(\d+)/.exec(text)?.[1];
  return remaining === '0' && seconds !== undefined ? (Number(seconds) + 1) * SECOND : null;
};

/** How long the Hub asks us to wait, in milliseconds; null where it asks for nothing. */
export const waitAsked = (headers: IncomingHttpHeaders, now: number): number | null => {
  const asked = retryAfter(first(headers['retry-after']), now) ?? windowEnd(first(headers['ratelimit']));
  return asked === null ? null : Math.min(asked, LONGEST_WAIT);
};
