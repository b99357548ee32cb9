import { expect, it } from 'vitest';
import { Repeats } from '../../../worker/observe/repeats.js';

it('lets a message through once a minute and counts the suppressed ones', () => {
  const repeats = new Repeats();
  expect([0, 1_000, 59_999, 60_000].map((now) => repeats.heldBack('poll failed', now))).toEqual([0, null, null, 2]);
});

it('treats messages that differ only in numbers as the same', () => {
  const repeats = new Repeats();
  repeats.heldBack('retried 50 times', 0);
  expect(repeats.heldBack('retried 51 times', 1)).toBeNull();
  expect(repeats.heldBack('no route', 2)).toBe(0);
});
