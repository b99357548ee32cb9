import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeRanges, type FetchRange } from '../../formats/ranges.js';

const range = fc
  .record({ file: fc.constantFrom('a', 'b'), begin: fc.nat(5000), size: fc.nat(300) })
  .map(({ file, begin, size }) => ({ file, begin, end: begin + size }));
const bytesOf = (ranges: readonly FetchRange[]): Set<string> =>
  new Set(ranges.flatMap(({ file, begin, end }) => Array.from({ length: end - begin }, (_, at) => `${file}${begin + at}`)));

it('merges ranges into disjoint, sorted ones that cover all wanted bytes within the budget', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), fc.nat(400), (wanted, budget) => {
      const merged = mergeRanges(wanted, budget);
      const need = bytesOf(wanted);
      const have = bytesOf(merged);
      for (const byte of need) expect(have.has(byte)).toBe(true);
      expect(have.size - need.size).toBeLessThanOrEqual(budget);
      expect(merged.reduce((sum, { begin, end }) => sum + end - begin, 0)).toBe(have.size);
      for (const [at, { file, begin }] of merged.entries()) {
        const before = merged[at - 1];
        if (before?.file === file) expect(begin).toBeGreaterThan(before.end);
      }
    }),
  );
});

it('closes the smallest gaps first', () => {
  const wanted = [0, 110, 125, 240].map((begin) => ({ file: 'a', begin, end: begin + 10 }));
  expect(mergeRanges(wanted, 5)).toEqual([
    { file: 'a', begin: 0, end: 10 },
    { file: 'a', begin: 110, end: 135 },
    { file: 'a', begin: 240, end: 250 },
  ]);
});
