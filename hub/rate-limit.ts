import type { IncomingHttpHeaders } from 'node:http';
import { firstHeader } from './first-header.js';

const SECOND = 1000;
/** Caps the wait that a server may request: a hostile server must not stall a worker. */
export const LONGEST_WAIT_MS = 3_600_000;

const retryAfter = (text: string | undefined, now: number): number | null => {
  if (text === undefined) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * SECOND;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
};

/** Parses `RateLimit: "api";r=0;t=167`: no requests remain, and the window ends in 167 s. */
const windowEnd = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const remaining = /(?:^|;)\s*r=(\d+)/.exec(text)?.[1];
  const seconds = /(?:^|;)\s*t=(\d+)/.exec(text)?.[1];
  return remaining === '0' && seconds !== undefined ? (Number(seconds) + 1) * SECOND : null;
};

/** Returns the wait that the Hub requests, in milliseconds, or null if it requests none. */
export const parseRetryAfter = (headers: IncomingHttpHeaders, now: number): number | null => {
  const requestedMs = retryAfter(firstHeader(headers['retry-after']), now) ?? windowEnd(firstHeader(headers['ratelimit']));
  return requestedMs === null ? null : Math.min(requestedMs, LONGEST_WAIT_MS);
};
