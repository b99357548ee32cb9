import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RateBudget } from '../../hub/budget.js';
import { signal } from './support.js';

const API = new URL('https://hub.example/api/models/acme/weights');
const FILE = new URL('https://hub.example/acme/weights/resolve/main/a.txt');
const said = (name: string, remaining: number, seconds: number, quota = 10) => ({
  ratelimit: `"${name}";r=${remaining};t=${seconds}`,
  'ratelimit-policy': `"fixed window";"${name}";q=${quota};w=300`,
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** How many of these requests go out before the clock moves. */
const passed = async (budget: RateBudget, url: URL, wanted: number): Promise<number> => {
  let count = 0;
  for (let at = 0; at < wanted; at += 1) void budget.take(url, signal).then(() => (count += 1));
  await vi.advanceTimersByTimeAsync(0);
  return count;
};

it('lets everything pass while the Hub has said nothing', async () => {
  const budget = new RateBudget();
  expect(await passed(budget, API, 20)).toBe(20);
  budget.told({ ratelimit: 'nonsense', 'ratelimit-policy': 'x' });
  budget.told({ ratelimit: ['"api";r=0;t=9'] });
  expect(await passed(budget, API, 20)).toBe(20);
});

it('leaves half of a window to others, and goes on in the next', async () => {
  const budget = new RateBudget();
  budget.told(said('api', 8, 60));
  expect(await passed(budget, API, 5)).toBe(3);
  expect(await passed(budget, FILE, 5)).toBe(5);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(await passed(budget, API, 1)).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await passed(budget, API, 5)).toBe(5);
});

it('counts the least that was said within a window, and takes a new one as it is', async () => {
  const budget = new RateBudget();
  budget.told(said('resolvers', 6, 60));
  budget.told(said('resolvers', 9, 60));
  expect(await passed(budget, FILE, 5)).toBe(1);
  budget.told(said('resolvers', 10, 300));
  expect(await passed(budget, FILE, 9)).toBe(5);
});

it('stops waiting when it is told to', async () => {
  const budget = new RateBudget();
  budget.told(said('api', 0, 60));
  const abort = new AbortController();
  const taken = budget.take(API, abort.signal);
  abort.abort(new Error('enough'));
  await expect(taken).rejects.toThrow();
});
