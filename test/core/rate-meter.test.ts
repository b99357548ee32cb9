import { expect, it } from 'vitest';
import { RateMeter } from '../../core/rate-meter.js';

it('measures counts per second over the last half minute', () => {
  const meter = new RateMeter();
  expect(meter.rate(0, 0)).toBeNull();
  expect(meter.rate(1000, 2000)).toBe(500);
  for (let at = 4000; at <= 60_000; at += 2000) meter.rate(1000, at);
  expect(meter.rate(1000, 62_000)).toBe(0);
  expect(meter.rate(4000, 64_000)).toBe(100);
});

it('is zero when a count falls', () => {
  const meter = new RateMeter();
  meter.rate(5000, 0);
  expect(meter.rate(1000, 1000)).toBe(0);
});
