import { expect, it } from 'vitest';
import { isoTime, relativeTime, writtenTime } from '../../../client/output/time.js';

const NOW = Date.UTC(2026, 10, 30, 12);

it.each([
  [0, 'now'],
  [-999, 'now'],
  [-1_000, '1 second ago'],
  [-59_999, '59 seconds ago'],
  [-185_000, '3 minutes ago'],
  [-7_200_000, '2 hours ago'],
  [-86_400_000 * 45, '45 days ago'],
  [3_600_000 * 5, 'in 5 hours'],
])('formats a time %i ms from now as %s', (distance, text) => {
  expect(relativeTime(new Date(NOW + distance), NOW)).toBe(text);
});

it('formats a time for programs in UTC, exact to the second', () => {
  expect(isoTime(new Date(NOW + 123))).toBe('2026-11-30T12:00:00Z');
  expect(writtenTime('2026-11-30T12:00:00.123Z', isoTime)).toBe('2026-11-30T12:00:00Z');
  expect(writtenTime('at noon', isoTime)).toBe('at noon');
});
