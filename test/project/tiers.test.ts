import { expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';
import { allTestFiles, filesOf, parseTier, runs, SECONDS, secondsOf, shareOf, type Tier } from '../support/tiers.js';

const all = allTestFiles(projectRoot());
const quick = filesOf({ name: 'quick' }, all);
const slices = Array.from({ length: 6 }, (_, index): Tier => ({ name: 'slice', index, count: 6 }));

it('every test file is in `npm test` or in a slice', () => {
  const reached = new Set([...quick, ...slices.flatMap((slice) => filesOf(slice, all))]);
  expect(all.filter((file) => !reached.has(file))).toEqual([]);
  expect(all.length).toBeGreaterThan(150);
});

it('a long file is in exactly one slice, and a sweep is in every slice', () => {
  for (const file of all.filter((path) => path.endsWith('.long.test.ts'))) {
    const times = slices.filter((slice) => filesOf(slice, all).includes(file)).length;
    expect([file, times]).toEqual([file, file.startsWith('test/sweep/') ? slices.length : 1]);
  }
});

it('the slices run each case of a sweep once', () => {
  const cases = Array.from({ length: 50 }, (_, at) => at);
  expect(slices.flatMap((slice) => shareOf(cases, slice)).toSorted((a, b) => a - b)).toEqual(cases);
  expect(shareOf(cases, { name: 'all' })).toEqual(cases);
});

it('no slice takes three workers more than five minutes', () => {
  const inSlice = (file: string): number => secondsOf(file) / (/^test\/(?:sweep|sim)\//.test(file) ? slices.length : 1);
  const seconds = slices.map((slice) => filesOf(slice, all).reduce((sum, file) => sum + inSlice(file), 0));
  expect(Math.max(...seconds)).toBeLessThan(3 * 300);
});

it('properties have fewer runs only in `npm test`', () => {
  expect([runs(3000, { name: 'quick' }), runs(3000, { name: 'all' }), runs(3000, slices[0])]).toEqual([300, 3000, 3000]);
});

it.each(['none', '0/4', '5/4', '1/', '1/4 '])('a tier named %j is refused', (text) => {
  expect(() => parseTier(text)).toThrow('slice such as "3/16"');
});

it('every file with a known duration exists', () => {
  expect(Object.keys(SECONDS).filter((file) => !all.includes(file))).toEqual([]);
});
