import { expect, it } from 'vitest';
import { UploadWatch } from '../../../publish/upload/upload-watch.js';

const MINUTE = 60_000;
const TOTAL = 100e9;

it('reports nothing before a rate is known', () => {
  const watch = new UploadWatch();
  expect(watch.check(0, TOTAL, 0)).toBeNull();
  expect(watch.check(1, TOTAL, 14 * MINUTE)).toBeNull();
});

it('accepts an upload that ends in time', () => {
  const watch = new UploadWatch();
  watch.check(0, TOTAL, 0);
  expect(watch.check(1.6e9, TOTAL, 15 * MINUTE)).toBeNull();
});

it('refuses an upload that cannot end in time, and names the rate it needs', () => {
  const watch = new UploadWatch();
  watch.check(0, TOTAL, 0);
  expect(watch.check(0.9e9, TOTAL, 15 * MINUTE)).toMatchObject({
    code: 'upload/too-slow',
    message: expect.stringContaining('At 1.00 MB/s the remaining 99.1 GB'),
    hint: expect.stringContaining('at least 1.53 MB/s'),
  });
});

it('measures from the progress of an earlier run', () => {
  const watch = new UploadWatch();
  watch.check(60e9, TOTAL, 0);
  expect(watch.check(60.4e9, TOTAL, 15 * MINUTE)).not.toBeNull();
});

it('restarts the measurement when the progress goes back', () => {
  const watch = new UploadWatch();
  watch.check(0, TOTAL, 0);
  expect(watch.check(40e9, TOTAL, 20 * MINUTE)).toBeNull();
  expect(watch.check(0, TOTAL, 20 * MINUTE)).toBeNull();
  expect(watch.check(30e9, TOTAL, 35 * MINUTE)).toBeNull();
  expect(watch.check(30.1e9, TOTAL, 2_000 * MINUTE)).not.toBeNull();
});
