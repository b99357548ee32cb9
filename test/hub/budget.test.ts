import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { RateBudget } from '../../hub/budget.js';
import { signal } from './support.js';

const API = new URL('https://hub.example/api/models/acme/weights');
const FILE = new URL('https://hub.example/acme/weights/resolve/main/a.txt');
const rateLimitHeaders = (name: string, remaining: number, seconds: number, quota = 10) => ({
  ratelimit: `"${name}";r=${remaining};t=${seconds}`,
  'ratelimit-policy': `"fixed window";"${name}";q=${quota};w=300`,
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Counts the requests that pass before the clock moves. */
const countPassed = async (budget: RateBudget, url: URL, wanted: number): Promise<number> => {
  let count = 0;
  for (let at = 0; at < wanted; at += 1) void budget.take(url, signal).then(() => (count += 1));
  await vi.advanceTimersByTimeAsync(0);
  return count;
};

it('passes everything until the Hub sends a rate limit', async () => {
  const budget = new RateBudget(THIS_MACHINE.clock);
  expect(await countPassed(budget, API, 20)).toBe(20);
  budget.observe({ ratelimit: 'nonsense', 'ratelimit-policy': 'x' });
  budget.observe({ ratelimit: ['"api";r=0;t=9'] });
  expect(await countPassed(budget, API, 20)).toBe(20);
});

it('leaves half of a window to others, and continues in the next', async () => {
  const budget = new RateBudget(THIS_MACHINE.clock);
  budget.observe(rateLimitHeaders('api', 8, 60));
  expect(await countPassed(budget, API, 5)).toBe(3);
  expect(await countPassed(budget, FILE, 5)).toBe(5);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(await countPassed(budget, API, 1)).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await countPassed(budget, API, 5)).toBe(5);
});

it('keeps the lowest count of a window, and adopts a new window', async () => {
  const budget = new RateBudget(THIS_MACHINE.clock);
  budget.observe(rateLimitHeaders('resolvers', 6, 60));
  budget.observe(rateLimitHeaders('resolvers', 9, 60));
  expect(await countPassed(budget, FILE, 5)).toBe(1);
  budget.observe(rateLimitHeaders('resolvers', 10, 300));
  expect(await countPassed(budget, FILE, 9)).toBe(5);
});

it('stops waiting when it is aborted', async () => {
  const budget = new RateBudget(THIS_MACHINE.clock);
  budget.observe(rateLimitHeaders('api', 0, 60));
  const abort = new AbortController();
  const taken = budget.take(API, abort.signal);
  abort.abort(new Error('enough'));
  await expect(taken).rejects.toThrow();
});
