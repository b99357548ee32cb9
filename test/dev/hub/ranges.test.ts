import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../../dev/hub/ranges.js';

describe('parseRange', () => {
  it.each([
    ['bytes=0-0', { kind: 'slice', start: 0, end: 1 }],
    ['bytes=2-', { kind: 'slice', start: 2, end: 10 }],
    ['bytes=-3', { kind: 'slice', start: 7, end: 10 }],
    ['bytes=-99', { kind: 'slice', start: 0, end: 10 }],
    ['bytes=8-99', { kind: 'slice', start: 8, end: 10 }],
    ['bytes=10-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=5-2', { kind: 'whole' }],
    ['bytes=0-1,4-5', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['lines=0-1', { kind: 'whole' }],
    [undefined, { kind: 'whole' }],
  ])('reads %s of ten bytes', (header, answer) => {
    expect(parseRange(header, 10)).toEqual(answer);
  });

  it('finds no satisfiable range in an empty file', () => {
    expect(parseRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
  });

  it('never leaves the file', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.option(fc.nat(2000)), fc.option(fc.nat(2000)), (size, first, last) => {
        const range = parseRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
        return range.kind !== 'slice' || (range.start >= 0 && range.end > range.start && range.end <= size);
      }),
    );
  });
});
